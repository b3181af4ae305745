import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import fc from "fast-check";
import { type Executable, executableOf } from "../../../src/ops/host/elf.ts";
import { binary } from "../../support/binary.ts";

const within = (bytes: Buffer) => (at: number, length: number) =>
  Buffer.from(bytes.subarray(at, at + length));

function read(path: string): Executable | null {
  const fd = openSync(path, "r");
  try {
    return executableOf((at, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
    });
  } finally {
    closeSync(fd);
  }
}

interface Made {
  machine?: number;
  bits?: 1 | 2;
  loader?: string | null;
  /** Where the table of program headers lies, and where the loader's path. */
  table?: bigint;
  path?: bigint;
}

/** An executable with a table of two program headers, of which the second names the loader. */
function made({
  machine = 62,
  bits = 2,
  loader = "/lib/ld",
  table = 64n,
  path = 176n,
}: Made): Buffer {
  const bytes = Buffer.alloc(64 + 2 * 56 + 100);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits, 1]);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(table, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(1, 64);
  if (loader !== null) {
    const entry = 64 + 56;
    bytes.writeUInt32LE(3, entry);
    bytes.writeBigUInt64LE(path, entry + 8);
    bytes.writeBigUInt64LE(BigInt(loader.length + 1), entry + 32);
    bytes.write(`${loader}\0`, 176);
  }
  return bytes;
}

const rows: [string, Buffer, Executable | null][] = [
  ["of x86-64", made({}), { machine: "x64", loader: "/lib/ld" }],
  ["of arm64", made({ machine: 183 }), { machine: "arm64", loader: "/lib/ld" }],
  ["of another processor", made({ machine: 8 }), { machine: null, loader: "/lib/ld" }],
  ["without a loader", made({ loader: null }), { machine: "x64", loader: null }],
  ["for 32 bits", made({ bits: 1 }), null],
  ["cut off in its head", made({}).subarray(0, 63), null],
  ["whose table lies behind its end", made({ table: 5000n }), { machine: "x64", loader: null }],
  ["whose table lies nowhere", made({ table: 2n ** 63n }), null],
  ["whose loader's path lies nowhere", made({ path: 2n ** 63n }), null],
  ["that is a script", Buffer.from(`#!/bin/sh\n${"#".repeat(100)}`), null],
  ["that is empty", Buffer.alloc(0), null],
];

test.each(rows)("an executable %s", (_, bytes, expected) => {
  expect(executableOf(within(bytes))).toEqual(expected);
});

test("the executable that scripts/build made, and this runtime's own", () => {
  const expected: Executable = { machine: "x64", loader: "/lib64/ld-linux-x86-64.so.2" };
  expect([read(binary), read(process.execPath)]).toEqual([expected, expected]);
});

test("damage of any kind is read to an end", () => {
  const whole = readFileSync(binary).subarray(0, 2048);
  const damage = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(2048), (changes, length) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const [at, value] of changes) if (at < length) bytes[at] = value;
      const found = executableOf(within(bytes));
      expect(found === null || found.loader === null || found.loader.length <= 4096).toBe(true);
    }),
  );
});
