import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  faultOfLauncher,
  findLauncher,
  isLauncher,
  launcherMark,
  launcherMaxBytes,
  type Processor,
} from "../../../src/ops/install/launcher-file.ts";
import { binary, repository } from "../../support/binary.ts";

const built = (processor: Processor): Buffer =>
  readFileSync(join(repository, `dist/fairway-launcher-${processor}`));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each<Processor>(["x64", "arm64"])("what was built for %s is a launcher there", (processor) => {
  expect(faultOfLauncher(built(processor), processor)).toBeNull();
  expect(isLauncher(join(repository, `dist/fairway-launcher-${processor}`))).toBe(true);
});

/** A change of the launcher for x86-64. */
const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = built("x64");
  change(bytes);
  return bytes;
};

const rows: [string, () => Buffer, string][] = [
  ["another processor's", () => built("arm64"), "it is for arm64, and this machine is x86-64"],
  ["a processor's that is unknown", () => changed((b) => b.writeUInt16LE(243, 18)), "machine 243"],
  ["nothing", () => Buffer.alloc(0), "no program (ELF)"],
  ["a script", () => Buffer.from(`#!/bin/sh\n# ${launcherMark}\n`.padEnd(200)), "no program (ELF)"],
  ["32 bits", () => changed((b) => b.writeUInt8(1, 4)), "no program of 64 bits"],
  ["big-endian", () => changed((b) => b.writeUInt8(2, 5)), "no program of 64 bits, little-endian"],
  ["its first half", () => built("x64").subarray(0, 12_000), "it is cut off"],
  ["its head", () => built("x64").subarray(0, 80), "it is cut off"],
  ["headers behind the end", () => changed((b) => b.writeBigUInt64LE(2n ** 63n, 32)), "cut off"],
  [
    "a segment behind the end",
    () => changed((b) => b.writeBigUInt64LE(2n ** 64n - 1n, 64 + 56 + 32)),
    "cut off",
  ],
  ["one that needs a loader", () => changed((b) => b.writeUInt32LE(3, 64)), "it needs a loader"],
  [
    "a program without the mark",
    () => changed((b) => b.fill(0x78, b.indexOf(launcherMark), b.indexOf(launcherMark) + 5)),
    "it is not Fairway's launcher",
  ],
  [
    "one that is too large",
    () => Buffer.concat([built("x64"), Buffer.alloc(launcherMaxBytes)]),
    `more than ${launcherMaxBytes} bytes`,
  ],
  ["the executable", () => readFileSync(binary).subarray(0, launcherMaxBytes + 1), "more than"],
];

test.each(rows)("%s is no launcher for x86-64", (_, bytes, says) => {
  expect(faultOfLauncher(bytes(), "x64")).toContain(says);
});

test("the executable is no launcher, though it names the mark", () => {
  expect(isLauncher(binary)).toBe(false);
});

test("the launcher is the one that was given, else the one beside the executable, else none", () => {
  const [executable, given] = [join(folder, "fairway"), join(folder, "given")];
  const beside = join(folder, `fairway-launcher-${process.arch}`);
  expect(findLauncher(undefined, executable)).toBeNull();
  writeFileSync(beside, built(process.arch as Processor));
  expect(findLauncher(undefined, executable)).toBe(beside);
  writeFileSync(given, "no launcher");
  expect(() => findLauncher(given, executable)).toThrow(`${given} is no launcher for this machine`);
  writeFileSync(given, built(process.arch as Processor));
  expect(findLauncher(given, executable)).toBe(given);
  writeFileSync(beside, "no launcher");
  expect(() => findLauncher(undefined, executable)).toThrow("it is no program (ELF)");
  for (const path of [join(folder, "none"), folder, "/dev/zero"])
    expect(() => findLauncher(path, executable)).toThrow(path);
});
