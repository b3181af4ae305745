/** Finds the launcher that `install` puts in the plugin's place, and tells whether a file is one. */
import fs from "node:fs";
import { dirname, join } from "node:path";
import { FairwayError, orFail } from "../../errors.ts";
import { description } from "../version.ts";

/** Every launcher carries it (src/launcher/launcher.c). The executable does, too, so the size counts as well. */
export const launcherMark = `fairway-launcher: ${description}`;

/** What scripts/build-launcher allows. */
export const launcherMaxBytes = 100 * 1024;

const processors = {
  x64: { machine: 62, name: "x86-64" },
  arm64: { machine: 183, name: "arm64" },
} as const;

export type Processor = keyof typeof processors;

const nameOfMachine = (machine: number): string =>
  Object.values(processors).find((each) => each.machine === machine)?.name ?? `machine ${machine}`;

const elf = { magic: 0x7f454c46, class64: 2, littleEndian: 1, load: 1, loader: 3, headBytes: 64 };

/** A part of the file, by its program header. */
interface Segment {
  type: number;
  end: number;
}

/** null means that they are not all within the file. */
function segmentsOf(bytes: Buffer): Segment[] | null {
  const [offset, size, count] = [
    Number(bytes.readBigUInt64LE(32)),
    bytes.readUInt16LE(54),
    bytes.readUInt16LE(56),
  ];
  if (size < 56 || offset + size * count > bytes.length) return null;
  return Array.from({ length: count }, (_, at) => {
    const from = offset + at * size;
    const [start, length] = [bytes.readBigUInt64LE(from + 8), bytes.readBigUInt64LE(from + 32)];
    return { type: bytes.readUInt32LE(from), end: Number(start + length) };
  });
}

/** Says in words why a file's content is no launcher for this processor; null means that it is one. Pure. */
export function faultOfLauncher(bytes: Buffer, processor: Processor): string | null {
  if (bytes.length > launcherMaxBytes)
    return `it has more than ${launcherMaxBytes} bytes, which no launcher has`;
  if (bytes.length < elf.headBytes || bytes.readUInt32BE(0) !== elf.magic)
    return "it is no program (ELF)";
  if (bytes[4] !== elf.class64 || bytes[5] !== elf.littleEndian)
    return "it is no program of 64 bits, little-endian";
  const machine = bytes.readUInt16LE(18);
  if (machine !== processors[processor].machine)
    return `it is for ${nameOfMachine(machine)}, and this machine is ${processors[processor].name}`;
  const segments = segmentsOf(bytes);
  if (segments === null || segments.some(({ end }) => end > bytes.length)) return "it is cut off";
  if (segments.some(({ type }) => type === elf.loader))
    return "it needs a loader and libraries of the host, and a launcher is static";
  return bytes.includes(launcherMark) ? null : "it is not Fairway's launcher";
}

/** Whether a file is a launcher, for whatever processor. */
export function isLauncher(path: string): boolean {
  if (fs.statSync(path).size > launcherMaxBytes) return false;
  return fs.readFileSync(path).includes(launcherMark);
}

/** Throws unavailable where Fairway has no launcher for this machine. */
function processorHere(): Processor {
  const { arch } = process;
  if (arch === "x64" || arch === "arm64") return arch;
  throw new FairwayError("unavailable", `there is no launcher for ${arch}`);
}

/** The same of a file. Throws whatever keeps it from being read. */
export const faultOfLauncherAt = (path: string): string | null =>
  faultOfLauncher(readNoMore(path, launcherMaxBytes + 1), processorHere());

/** Where the launcher lies as it was built: beside the executable. */
export const launcherBeside = (executable: string): string =>
  join(dirname(executable), `fairway-launcher-${process.arch}`);

/**
 * The launcher that was given, else the one beside the executable; null means that there is none. Throws io,
 * and badConfig where it is no launcher for this machine.
 */
export function findLauncher(given: string | undefined, executable: string): string | null {
  const path = given ?? launcherBeside(executable);
  if (given === undefined && !fs.existsSync(path)) return null;
  const fault = orFail(
    "io",
    `cannot read the launcher ${path}`,
    "give --launcher the file that scripts/build-launcher made",
    () => faultOfLauncherAt(path),
  );
  if (fault === null) return path;
  throw new FairwayError(
    "badConfig",
    `${path} is no launcher for this machine: ${fault}`,
    `scripts/build-launcher makes fairway-launcher-x64 and fairway-launcher-arm64: give the one for this machine with --launcher${given === undefined ? ", or take this one away" : ""}`,
  );
}

/** Reads a file's beginning: whoever gives a wrong one may give a very large one. */
function readNoMore(path: string, maxBytes: number): Buffer {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < maxBytes; length += read)
      read = fs.readSync(fd, buffer, length, maxBytes - length, length);
    return buffer.subarray(0, length);
  } finally {
    fs.closeSync(fd);
  }
}
