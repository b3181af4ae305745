/** The image of a pod's sandbox, made on the spot: one program that waits, in an OCI archive. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeImage } from "./image.ts";

export const pauseImage = "fairway.test/pause:1";

const loadAddress = 0x400000n;
const headersBytes = 64 + 56;
/** `for (;;) pause();` for x86-64: mov eax, 34; syscall; jmp to the beginning. */
const code = Uint8Array.of(0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7);

/** A static executable: the two headers that the kernel reads, and the code. */
function pauseProgram(): Buffer {
  const elf = Buffer.alloc(headersBytes + code.length);
  const size = BigInt(elf.length);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little endian, version 1
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(loadAddress + BigInt(headersBytes), 24); // where it begins
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56); // one of them
  elf.writeUInt32LE(1, 64); // to be loaded
  elf.writeUInt32LE(5, 68); // readable and executable
  elf.writeBigUInt64LE(loadAddress, 80);
  elf.writeBigUInt64LE(loadAddress, 88);
  elf.writeBigUInt64LE(size, 96);
  elf.writeBigUInt64LE(size, 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  elf.set(code, headersBytes);
  return elf;
}

/** Writes the archive to `file`; `scratch` is a folder for what it is made of. */
export function writePauseImage(file: string, scratch: string): void {
  const root = mkdtempSync(join(scratch, "pause-"));
  writeFileSync(join(root, "pause"), pauseProgram(), { mode: 0o755 });
  writeImage(file, scratch, { name: pauseImage, entrypoint: ["/pause"], root });
  rmSync(root, { recursive: true });
}
