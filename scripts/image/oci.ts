/** Makes an OCI image layout, as data: blobs by their digests, and the index that leads to them. Pure. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type TarEntry, tarOf } from "./tar.ts";

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  statement: "application/vnd.in-toto+json",
} as const;

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: { architecture: string; os: string };
}

export interface Layer {
  descriptor: Descriptor;
  /** The digest of the archive before it was compressed. */
  diffId: string;
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

const digestOf = (bytes: Uint8Array): string => `sha256:${sha256(bytes)}`;

/** The header would tell when it was compressed, and on which system. */
function gzip(bytes: Uint8Array): Buffer {
  const compressed = gzipSync(bytes, { level: 6 });
  compressed.fill(0, 4, 8);
  compressed[9] = 255;
  return compressed;
}

export class Blobs {
  readonly #byDigest = new Map<string, Uint8Array>();

  add(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    this.#byDigest.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  addJson(mediaType: string, value: unknown): Descriptor {
    return this.add(mediaType, Buffer.from(JSON.stringify(value)));
  }

  addLayer(entries: readonly TarEntry[], timeSeconds: number): Layer {
    const archive = tarOf(entries, timeSeconds);
    return {
      descriptor: this.add(mediaTypes.layer, gzip(archive)),
      diffId: digestOf(archive),
    };
  }

  /** As a layout has them. */
  get entries(): TarEntry[] {
    return [...this.#byDigest].map(([digest, content]) => ({
      ...{ kind: "file", mode: 0o644, content },
      path: `blobs/${digest.replace(":", "/")}`,
    }));
  }
}

/** The layout as one archive. `index` is what its index.json leads to. */
export function layoutOf(blobs: Blobs, index: Descriptor, timeSeconds: number): Buffer {
  const json = (path: string, value: unknown): TarEntry => ({
    ...{ kind: "file", path, mode: 0o644 },
    content: Buffer.from(JSON.stringify(value)),
  });
  return tarOf(
    [
      json("oci-layout", { imageLayoutVersion: "1.0.0" }),
      json("index.json", { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [index] }),
      ...blobs.entries,
    ],
    timeSeconds,
  );
}
