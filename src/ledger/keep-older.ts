/** Keeps a copy of a file with an older schema, before the file is brought to this version. */
import type { Database } from "bun:sqlite";
import fs from "node:fs";
import { messageOf } from "../errors.ts";
import { unusable } from "./failures.ts";

const fileMode = 0o600;

export const olderFileOf = (file: string, schema: number): string => `${file}.schema-${schema}`;

function writeWhole(path: string, bytes: Uint8Array): void {
  const fd = fs.openSync(path, "w", fileMode);
  try {
    fs.writeFileSync(fd, bytes);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * To be called inside the transaction that upgrades, so that the copy is what the upgrade begins with. The
 * copy gets its name by a rename, so a file of that name is complete. Throws ledgerUnusable where it cannot
 * be written, and then nothing is upgraded.
 */
export function keepOlder(db: Database, file: string, schema: number): void {
  const kept = olderFileOf(file, schema);
  const part = `${kept}.part`;
  try {
    writeWhole(part, db.serialize());
    fs.renameSync(part, kept);
  } catch (error) {
    fs.rmSync(part, { force: true });
    throw unusable(
      `the ledger ${file} has schema ${schema}, and no copy of it could be kept before it is brought to this version: ${messageOf(error)}`,
      `make room for ${kept} on a file system that is not read-only, then try again`,
      error,
    );
  }
}
