/** An image of small files: what its index leads to is there, and follows from what is in it. */
import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { imageOf, type OfProcessor } from "../../scripts/image/image.ts";
import { sha256 } from "../../scripts/image/oci.ts";
import { filesIn } from "./layout.ts";

const options = { name: "r.test/fairway", version: "1.2.3", revision: "abc", timeSeconds: 1e9 };

const of = (text: string): OfProcessor[] =>
  (["x64", "arm64"] as const).map((processor) => ({
    processor,
    layers: [
      [{ kind: "file", path: "opt/fairway/fairway", mode: 0o755, content: Buffer.from(text) }],
    ],
    sbom: JSON.stringify({ spdxVersion: "SPDX-2.3", name: processor }),
  }));

interface Described {
  digest: string;
  size: number;
  mediaType: string;
  platform?: { architecture: string };
  annotations?: Record<string, string>;
}

const { archive, digest } = imageOf(of("program"), options);
const files = filesIn(archive);
const bytesAt = (path: string): Buffer => files.get(path) ?? Buffer.alloc(0);
const json = <T>(path: string): T => JSON.parse(bytesAt(path).toString()) as T;
const blob = (each: Described): string => `blobs/${each.digest.replace(":", "/")}`;

const top = json<{ manifests: Described[] }>("index.json").manifests;
const index = json<{ manifests: Described[] }>(`blobs/${digest.replace(":", "/")}`);

test("each blob has the digest that it is named by", () => {
  const blobs = [...files].filter(([path]) => path.startsWith("blobs/sha256/"));
  expect(blobs.length).toBeGreaterThan(8);
  for (const [path, content] of blobs) expect(path).toBe(`blobs/sha256/${sha256(content)}`);
});

test("it is one image, under the name that was asked for", () => {
  expect(json<object>("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(top).toMatchObject([
    { digest, annotations: { "io.containerd.image.name": "r.test/fairway:1.2.3" } },
  ]);
});

test("each processor has its image, with its labels, and its SBOM beside it", () => {
  const [x64, arm64, ...attested] = index.manifests;
  expect([x64?.platform, arm64?.platform]).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ] as never);
  expect(attested.map(({ annotations }) => annotations?.["vnd.docker.reference.digest"])).toEqual([
    x64?.digest,
    arm64?.digest,
  ]);
  if (x64 === undefined) throw new Error("no image");
  const manifest = json<{ config: Described; layers: Described[] }>(blob(x64));
  const config = json<{ config: object; rootfs: { diff_ids: string[] } }>(blob(manifest.config));
  expect(config.config).toMatchObject({
    Entrypoint: ["/opt/fairway/fairway"],
    Labels: {
      "org.opencontainers.image.version": "1.2.3",
      "org.opencontainers.image.revision": "abc",
      "org.opencontainers.image.created": "2001-09-09T01:46:40Z",
    },
  });
  expect(
    manifest.layers.map((layer) => `sha256:${sha256(gunzipSync(bytesAt(blob(layer))))}`),
  ).toEqual(config.rootfs.diff_ids);
});

test("what an attestation says is of the image that it is for", () => {
  const [x64, , attestation] = index.manifests;
  if (attestation === undefined) throw new Error("no attestation");
  const [layer] = json<{ layers: Described[] }>(blob(attestation)).layers;
  if (layer === undefined) throw new Error("no statement");
  expect(json<object>(blob(layer))).toMatchObject({
    predicateType: "https://spdx.dev/Document",
    subject: [{ digest: { sha256: x64?.digest.replace("sha256:", "") } }],
    predicate: { spdxVersion: "SPDX-2.3", name: "x64" },
  });
});

test("the same files give the same bytes, and others another digest", () => {
  expect(imageOf(of("program"), options).archive.equals(archive)).toBe(true);
  expect(imageOf(of("another"), options).digest).not.toBe(digest);
});
