/** The image of a pod's sandbox, made on the spot: one program that waits, in an OCI archive. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../src/prove/lab/run.ts";

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

interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

/** Writes the archive to `file`; `scratch` is a folder for what it is made of. */
export function writePauseImage(file: string, scratch: string): void {
  const work = mkdtempSync(join(scratch, "image-"));
  const [root, layout] = [join(work, "root"), join(work, "layout")];
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(root);
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, content: Buffer | string): Blob => {
    const hash = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(blobs, hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(content) };
  };
  const json = (kind: string, value: unknown): Blob =>
    blob(`application/vnd.oci.image.${kind}.v1+json`, JSON.stringify(value));

  writeFileSync(join(root, "pause"), pauseProgram(), { mode: 0o755 });
  const layerFile = join(work, "layer.tar");
  must(["tar", "--owner=0", "--group=0", "-C", root, "-cf", layerFile, "pause"]);
  const layer = blob("application/vnd.oci.image.layer.v1.tar", readFileSync(layerFile));
  const config = json("config", {
    architecture: "amd64",
    os: "linux",
    config: { Entrypoint: ["/pause"] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = json("manifest", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: [layer],
  });
  // The annotation is containerd's: the name that the image gets.
  const named = { ...manifest, annotations: { "io.containerd.image.name": pauseImage } };
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  );
  must(["tar", "-C", layout, "-cf", file, "oci-layout", "index.json", "blobs"]);
  rmSync(work, { recursive: true });
}
