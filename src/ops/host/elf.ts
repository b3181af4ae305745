/** Reads from an executable of Linux what it needs of a host. Pure, over whatever reads the file. */

export type Machine = "x64" | "arm64";

export interface Executable {
  /** null means that it is for a processor that Fairway knows nothing of. */
  machine: Machine | null;
  /** The loader that the kernel starts it by. null means that it is static, and needs none. */
  loader: string | null;
}

/** So many bytes from there, or fewer at the end of the file. */
export type ReadAt = (at: number, length: number) => Buffer;

/** Values of elf(5). Each executable of ours is of 64 bits, and its bytes are in the little order. */
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const machines: Readonly<Record<number, Machine>> = { 62: "x64", 183: "arm64" };
const PT_INTERP = 3;
const fileHeaderBytes = 64;
const programHeaderBytes = 56;
/** A loader's path. Longer ones are not read. */
const mostPathBytes = 4096;

/** null means that it is no executable of this kind: a script, a damaged file, or for 32 bits. */
export function executableOf(readAt: ReadAt): Executable | null {
  const head = readAt(0, fileHeaderBytes);
  if (head.length < fileHeaderBytes || !head.subarray(0, magic.length).equals(magic)) return null;
  const machine = machines[head.readUInt16LE(18)] ?? null;
  const table = Number(head.readBigUInt64LE(32));
  if (head.readUInt16LE(54) !== programHeaderBytes || !Number.isSafeInteger(table)) return null;
  const entries = readAt(table, head.readUInt16LE(56) * programHeaderBytes);
  for (let at = 0; at + programHeaderBytes <= entries.length; at += programHeaderBytes) {
    const entry = entries.subarray(at, at + programHeaderBytes);
    if (entry.readUInt32LE(0) !== PT_INTERP) continue;
    const path = Number(entry.readBigUInt64LE(8));
    if (!Number.isSafeInteger(path)) return null;
    const bytes = Math.min(Number(entry.readBigUInt64LE(32)), mostPathBytes);
    const [loader = ""] = readAt(path, bytes).toString().split("\0");
    return { machine, loader };
  }
  return { machine, loader: null };
}
