/**
 * Looks at the ledger's folder and file from outside. Nothing is made, and nothing of the ledger is written.
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../errors.ts";
import { ledgerFileName, networkFileSystem } from "./folder.ts";
import { openToLook } from "./opening.ts";
import { schemaVersion } from "./schema.ts";

interface PathLook {
  path: string;
  /** Permission bits. */
  mode: number;
  uid: number;
  bytes: number;
}

export interface FileSystem {
  /** The folder, or the nearest one above it that exists. */
  of: string;
  /** For a person: its name, or its number in hexadecimal where the name is not known. */
  name: string;
  kind: "local" | "overlay" | "network";
}

export interface LedgerLook {
  dir: string;
  /** null means that it is not there yet. */
  folder: PathLook | null;
  file: PathLook | null;
  fileSystem: FileSystem;
  /** The file's schema. A text tells why it cannot be found out. null means that there is no file. */
  schema: number | string | null;
  knownSchema: number;
}

/** The names by f_type, from linux/magic.h. Only those are listed that a node's disk has. */
const localNames = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
  [0x01021994, "tmpfs"],
  [0xf2f52010, "f2fs"],
]);
const overlayType = 0x794c7630;

/** `type` is f_type (statfs(2)), which is a signed word in some runtimes. */
export function fileSystemOf(type: number): Pick<FileSystem, "name" | "kind"> {
  const word = type >>> 0;
  const network = networkFileSystem(word);
  if (network !== null) return { name: network, kind: "network" };
  if (word === overlayType) return { name: "overlay", kind: "overlay" };
  return { name: localNames.get(word) ?? `0x${word.toString(16)}`, kind: "local" };
}

function pathLook(path: string): PathLook | null {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  return stat === undefined
    ? null
    : { path, mode: stat.mode & 0o7777, uid: stat.uid, bytes: stat.size };
}

function nearest(path: string): string {
  const above = dirname(path);
  return above === path || pathLook(path) !== null ? path : nearest(above);
}

/** Only SQLite opens the file: closing it any other way would drop SQLite's locks on it (fcntl(2)). */
function schemaOf(file: string): number | string {
  try {
    const db = openToLook(file);
    try {
      const row = db.query<{ user_version: number }, []>("PRAGMA user_version").get();
      return row?.user_version ?? "it has no version";
    } finally {
      db.close();
    }
  } catch (error) {
    return messageOf(error);
  }
}

/** Throws what the file system says where even looking is not allowed. */
export function lookAtLedger(dir: string): LedgerLook {
  const of = nearest(dir);
  const file = pathLook(`${dir}/${ledgerFileName}`);
  return {
    dir,
    folder: pathLook(dir),
    file,
    fileSystem: { of, ...fileSystemOf(fs.statfsSync(of).type) },
    schema: file === null ? null : schemaOf(file.path),
    knownSchema: schemaVersion,
  };
}
