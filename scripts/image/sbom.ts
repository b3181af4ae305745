/** Tells in SPDX 2.3 what the image of one processor is made of. Pure. */
import { hosts, type Libc, type Processor } from "./contents.ts";
import { sha256 } from "./oci.ts";
import type { TarEntry } from "./tar.ts";

/** What of others is in it. */
export interface Parts {
  version: string;
  bun: { version: string; license: string };
  /** Of the bundle. */
  packages: readonly { name: string; version: string; license: string }[];
  libc: Libc;
  /** musl comes with it, into the launcher. */
  zigVersion: string;
}

interface Package {
  id: string;
  name: string;
  version: string;
  license: string;
  purl: string;
  comment?: string;
}

/** SPDX allows letters, digits, dots and hyphens. */
const idOf = (name: string): string => `SPDXRef-${name.replace(/[^\w.-]|_/g, "-")}`;

const npm = (name: string, version: string): string =>
  `pkg:npm/${name.replace("@", "%40")}@${version}`;

function packagesIn(processor: Processor, parts: Parts): Package[] {
  const { bun, libc, version, zigVersion } = parts;
  const { architecture } = hosts[processor];
  const { source } = libc;
  const from = source === "libc6" ? "" : `&upstream=${source}`;
  return [
    {
      ...{ id: idOf("fairway"), name: "fairway", version, license: "Apache-2.0" },
      purl: `pkg:generic/fairway@${version}`,
    },
    {
      ...{ id: idOf("bun"), name: "bun", version: bun.version, license: bun.license },
      purl: npm(`@oven/bun-linux-${processor.replace("arm64", "aarch64")}`, bun.version),
      comment:
        "The runtime is in each executable as it is published, with parts under other licences: THIRD-PARTY-NOTICES.txt names them.",
    },
    ...parts.packages.map(({ name, version: of, license }) => ({
      ...{ id: idOf(`npm-${name}`), name, version: of, license },
      purl: npm(name, of),
    })),
    {
      ...{ id: idOf("libc6"), name: "libc6", version: libc.version, license: "LGPL-2.1-or-later" },
      purl: `pkg:deb/debian/libc6@${encodeURIComponent(libc.version)}?arch=${architecture}&distro=debian-12${from}`,
      comment: "Debian's files, unchanged; usr/share/doc/libc6/copyright has their licences.",
    },
    {
      ...{ id: idOf("musl"), name: "musl", version: `of Zig ${zigVersion}`, license: "MIT" },
      purl: `pkg:generic/zig@${zigVersion}`,
      comment: "Linked statically into the launcher and usr/bin/cat.",
    },
  ];
}

const spdxPackage = ({ id, name, version, license, purl, comment }: Package): unknown => ({
  SPDXID: id,
  name,
  versionInfo: version,
  downloadLocation: "NOASSERTION",
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: license,
  copyrightText: "NOASSERTION",
  ...(comment === undefined ? {} : { comment }),
  externalRefs: [
    { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl },
  ],
});

const relationship = (spdxElementId: string, relationshipType: string, related: string) => ({
  spdxElementId,
  relationshipType,
  relatedSpdxElement: related,
});

const imageId = idOf("image");

/** `entries` are the image's, but for this text itself. */
export function sbomOf(
  processor: Processor,
  parts: Parts,
  entries: readonly TarEntry[],
  timeSeconds: number,
): string {
  const { architecture } = hosts[processor];
  const packages = packagesIn(processor, parts);
  const files = entries.flatMap((entry) =>
    entry.kind === "file"
      ? {
          SPDXID: idOf(`file-${entry.path}`),
          fileName: `./${entry.path}`,
          checksums: [
            { algorithm: "SHA1", checksumValue: sha1(entry.content) },
            { algorithm: "SHA256", checksumValue: sha256(entry.content) },
          ],
          licenseConcluded: "NOASSERTION",
          licenseInfoInFiles: ["NOASSERTION"],
          copyrightText: "NOASSERTION",
        }
      : [],
  );
  // Two documents with other files need other names.
  const digest = sha256(Buffer.from(JSON.stringify(files)));
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `fairway-${parts.version}-linux-${architecture}`,
    documentNamespace: `https://fairway.dev/spdx/fairway-${parts.version}-linux-${architecture}-${digest}`,
    creationInfo: {
      created: new Date(timeSeconds * 1_000).toISOString().replace(/\.\d+/, ""),
      creators: [`Tool: scripts/build-image-${parts.version}`],
    },
    packages: [
      {
        SPDXID: imageId,
        name: "fairway-image",
        versionInfo: parts.version,
        primaryPackagePurpose: "CONTAINER",
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        licenseConcluded: "NOASSERTION",
        licenseDeclared: "Apache-2.0",
        copyrightText: "NOASSERTION",
      },
      ...packages.map(spdxPackage),
    ],
    files,
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", imageId),
      ...packages.map(({ id }) => relationship(imageId, "CONTAINS", id)),
      ...files.map(({ SPDXID }) => relationship(imageId, "CONTAINS", SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** SPDX requires it of every file. */
const sha1 = (bytes: Uint8Array): string =>
  new Bun.CryptoHasher("sha1").update(bytes).digest("hex");
