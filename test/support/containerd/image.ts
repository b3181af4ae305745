/** An image of one layer in an OCI archive, made of a folder, as `ctr images import` takes it. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../src/prove/lab/run.ts";

export interface Image {
  /** By which it is known afterwards. */
  name: string;
  entrypoint: readonly string[];
  env?: readonly string[];
  /** What is in it. */
  root: string;
}

interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

/** Writes the archive to `file`; `scratch` is a folder for what it is made of. */
export function writeImage(file: string, scratch: string, image: Image): void {
  const work = mkdtempSync(join(scratch, "image-"));
  const layout = join(work, "layout");
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, content: Buffer | string): Blob => {
    const hash = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(blobs, hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(content) };
  };
  const json = (kind: string, value: unknown): Blob =>
    blob(`application/vnd.oci.image.${kind}.v1+json`, JSON.stringify(value));

  // It is what a container sees as "/".
  chmodSync(image.root, 0o755);
  const layerFile = join(work, "layer.tar");
  must(["tar", "--owner=0", "--group=0", "-C", image.root, "-cf", layerFile, "."]);
  const layer = blob("application/vnd.oci.image.layer.v1.tar", readFileSync(layerFile));
  const config = json("config", {
    architecture: "amd64",
    os: "linux",
    config: { Entrypoint: image.entrypoint, Env: image.env ?? [] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = json("manifest", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: [layer],
  });
  // The annotation is containerd's: the name that the image gets.
  const named = { ...manifest, annotations: { "io.containerd.image.name": image.name } };
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  );
  must(["tar", "-C", layout, "-cf", file, "oci-layout", "index.json", "blobs"]);
  rmSync(work, { recursive: true });
}
