/** Follows what verbs that fell back leave beside the ledger: each record is given once. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fellBackFileNames, mostFellBackBytes } from "../cni/fell-back.ts";
import { type Fallen, fallenIn } from "../cni/fell-back-record.ts";
import { FairwayError, messageOf } from "../errors.ts";

interface Place {
  inode: number;
  bytes: number;
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** What lies behind the place, or all where it is another file. null means that there is none. Throws io. */
function readFrom(path: string, place: Place | null): { text: string; place: Place } | null {
  try {
    return readOpened(path, place);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new FairwayError("io", `cannot read ${path}: ${messageOf(error)}`, "run as root", {
      cause: error,
    });
  }
}

function readOpened(path: string, place: Place | null): { text: string; place: Place } {
  const fd = openSync(path, "r");
  try {
    const { ino: inode, size } = fstatSync(fd);
    const from = place?.inode === inode ? Math.min(place.bytes, size) : 0;
    const chunk = Buffer.alloc(Math.min(size - from, 2 * mostFellBackBytes));
    const read = readSync(fd, chunk, 0, chunk.length, from);
    const text = chunk.subarray(0, read).toString("latin1");
    // The last line may be at its writer's still.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return { text: whole, place: { inode, bytes: from + whole.length } };
  } finally {
    closeSync(fd);
  }
}

export class FellBackTail {
  readonly #path: string;
  readonly #pathBefore: string;
  #place: Place | null;

  /** What is there already is not given. Throws io. */
  constructor(dataDir: string) {
    const [name, before] = fellBackFileNames;
    this.#path = join(dataDir, name);
    this.#pathBefore = join(dataDir, before);
    this.#place = readFrom(this.#path, null)?.place ?? null;
  }

  /** Throws io. What came since it was asked last. A file that was full was put away meanwhile, with its last lines. */
  take(): Fallen[] {
    const now = readFrom(this.#path, this.#place);
    const isOther = this.#place !== null && now?.place.inode !== this.#place.inode;
    const before = isOther ? readFrom(this.#pathBefore, this.#place) : null;
    const isSameBefore = before?.place.inode === this.#place?.inode;
    this.#place = now?.place ?? null;
    return `${isSameBefore ? (before?.text ?? "") : ""}${now?.text ?? ""}`
      .split("\n")
      .flatMap((line) => fallenIn(line) ?? []);
  }
}
