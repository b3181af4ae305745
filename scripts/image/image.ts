/** Puts the image together: for each processor its layers, its configuration and what tells of what it is made. Pure. */
import { home, hosts, type Processor } from "./contents.ts";
import { Blobs, type Descriptor, type Layer, layoutOf, mediaTypes } from "./oci.ts";
import type { TarEntry } from "./tar.ts";

export interface ImageOptions {
  /** The whole name, as a runtime keeps it. */
  name: string;
  version: string;
  /** The commit that it was built from; null where that cannot be told. */
  revision: string | null;
  timeSeconds: number;
}

export interface Built {
  /** The archive. */
  archive: Buffer;
  /** What its index.json leads to: the digest by which a registry knows the image. */
  digest: string;
}

export interface OfProcessor {
  processor: Processor;
  layers: TarEntry[][];
  sbom: string;
}

/** Where those look who read what an image is made of from its files. */
const sbomPath = `${home}/fairway.spdx.json`;

const spdxPredicate = "https://spdx.dev/Document";

const timeOf = ({ timeSeconds }: ImageOptions): string =>
  new Date(timeSeconds * 1_000).toISOString().replace(/\.\d+/, "");

const labelsOf = (options: ImageOptions): Record<string, string> => ({
  "org.opencontainers.image.title": "fairway",
  "org.opencontainers.image.description":
    "A CNI plugin that gives every Kubernetes pod a promised share of its node's network",
  "org.opencontainers.image.version": options.version,
  "org.opencontainers.image.licenses": "Apache-2.0",
  "org.opencontainers.image.created": timeOf(options),
  ...(options.revision === null ? {} : { "org.opencontainers.image.revision": options.revision }),
});

function configOf(architecture: string, layers: readonly Layer[], options: ImageOptions): unknown {
  const created = timeOf(options);
  return {
    created,
    architecture,
    os: "linux",
    config: {
      Entrypoint: [`/${home}/fairway`],
      // `kubectl exec ... -- fairway status` finds it, and the agent its `cat`.
      Env: [`PATH=/${home}:/usr/bin`],
      WorkingDir: "/",
      User: "0:0",
      Labels: labelsOf(options),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created, created_by: "scripts/build-image" })),
  };
}

function manifest(blobs: Blobs, config: Descriptor, layers: readonly Descriptor[]): Descriptor {
  return blobs.addJson(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers,
  });
}

/**
 * The SBOM as BuildKit attaches it: registries, and tools that copy images, keep what is a member of the index.
 */
function attestation(
  blobs: Blobs,
  of: Descriptor,
  sbom: string,
  options: ImageOptions,
): Descriptor {
  const { architecture } = of.platform ?? { architecture: "" };
  const platform = encodeURIComponent(`linux/${architecture}`);
  const statement = blobs.addJson(mediaTypes.statement, {
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: spdxPredicate,
    subject: [
      {
        name: `pkg:docker/fairway@${options.version}?platform=${platform}`,
        digest: { sha256: of.digest.replace("sha256:", "") },
      },
    ],
    predicate: JSON.parse(sbom),
  });
  const config = blobs.addJson(mediaTypes.config, {
    architecture: "unknown",
    os: "unknown",
    config: {},
    rootfs: { type: "layers", diff_ids: [statement.digest] },
  });
  const annotations = { "in-toto.io/predicate-type": spdxPredicate };
  return {
    ...manifest(blobs, config, [{ ...statement, annotations }]),
    platform: { architecture: "unknown", os: "unknown" },
    annotations: {
      "vnd.docker.reference.digest": of.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
  };
}

export function imageOf(of: readonly OfProcessor[], options: ImageOptions): Built {
  const { timeSeconds } = options;
  const blobs = new Blobs();
  const images = of.map(({ processor, layers, sbom }) => {
    const { architecture } = hosts[processor];
    const sbomEntry: TarEntry = {
      ...{ kind: "file", path: sbomPath, mode: 0o644 },
      content: Buffer.from(sbom),
    };
    const made = [...layers, [sbomEntry]].map((entries) => blobs.addLayer(entries, timeSeconds));
    const config = blobs.addJson(mediaTypes.config, configOf(architecture, made, options));
    const descriptors = made.map(({ descriptor }) => descriptor);
    const image: Descriptor = {
      ...manifest(blobs, config, descriptors),
      platform: { architecture, os: "linux" },
    };
    return { image, sbom };
  });
  const index = blobs.addJson(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      ...images.map(({ image }) => image),
      ...images.map(({ image, sbom }) => attestation(blobs, image, sbom, options)),
    ],
    annotations: labelsOf(options),
  });
  const annotations = {
    // containerd takes the first for the image's name, others the second for its tag.
    "io.containerd.image.name": `${options.name}:${options.version}`,
    "org.opencontainers.image.ref.name": options.version,
  };
  return {
    archive: layoutOf(blobs, { ...index, annotations }, timeSeconds),
    digest: index.digest,
  };
}
