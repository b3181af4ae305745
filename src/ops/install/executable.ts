/** Tells whether a file is a Fairway, and which version it is. */
import fs from "node:fs";
import { basename } from "node:path";
import { FairwayError } from "../../errors.ts";
import { runChild } from "../child.ts";
import { isCompiled } from "../compiled.ts";
import { description } from "../version.ts";

const chunkBytes = 4 << 20;

/** Calls `use` with pieces of a file, until it returns true. */
function readPieces(path: string, use: (piece: Buffer, at: number) => boolean): void {
  const fd = fs.openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let at = 0; ; ) {
      const read = fs.readSync(fd, buffer, 0, chunkBytes, at);
      if (read === 0 || use(buffer.subarray(0, read), at)) return;
      at += read;
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** Every build carries its description. An unknown file is read and not run, since this process is root's. */
export function isFairway(path: string): boolean {
  const mark = Buffer.from(description);
  let tail = Buffer.alloc(0);
  let found = false;
  readPieces(path, (piece) => {
    found =
      piece.includes(mark) || Buffer.concat([tail, piece.subarray(0, mark.length)]).includes(mark);
    tail = Buffer.from(piece.subarray(-mark.length));
    return found;
  });
  return found;
}

export function sameBytes(a: string, b: string): boolean {
  if (fs.statSync(a).size !== fs.statSync(b).size) return false;
  const other = fs.openSync(b, "r");
  try {
    let same = true;
    const buffer = Buffer.allocUnsafe(chunkBytes);
    readPieces(a, (piece, at) => {
      const read = fs.readSync(other, buffer, 0, piece.length, at);
      same = piece.equals(buffer.subarray(0, read));
      return !same;
    });
    return same;
  } finally {
    fs.closeSync(other);
  }
}

const timeLimitMs = 10_000;

/** The version of a Fairway, for a person. Which build it is stands behind it, in brackets, and is left out. */
export function versionOf(path: string): string {
  const untold = "a version that it does not tell";
  try {
    const { code, stdout } = runChild([path, "--version"], { timeoutMs: timeLimitMs });
    return code === 0 ? stdout.replace(/ \(.*/s, "").trim() : untold;
  } catch {
    // It is a build for another host, which this one cannot start.
    return untold;
  }
}

/** The compiled file that runs at this moment. Throws unavailable where Fairway runs from a checkout. */
export function ownExecutable(): string {
  if (isCompiled) return process.execPath;
  throw new FairwayError(
    "unavailable",
    `this is no compiled fairway: it runs in ${basename(process.execPath)}`,
    "run scripts/build, then dist/fairway install",
  );
}
