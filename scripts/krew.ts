/** The manifest by which krew installs `kubectl fairway`: krew.googlecontainertools.github.com/v1alpha2. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../src/build.ts";
import { kubectlPluginName } from "../src/config/plugin-name.ts";

export interface Archive {
  /** As Go names processors. */
  arch: "amd64" | "arm64";
  /** Its name below the place of the release. */
  file: string;
  sha256: string;
}

export interface Release {
  version: string;
  /** Where the archives will lie, without a slash at its end. */
  base: string;
  homepage: string;
  archives: readonly Archive[];
}

const platform = ({ base }: Release, { arch, file, sha256 }: Archive) => ({
  selector: { matchLabels: { os: "linux", arch } },
  uri: `${base}/${file}`,
  sha256,
  files: [kubectlPluginName, "LICENSE", "THIRD-PARTY-NOTICES.txt"].map((from) => ({
    from,
    to: ".",
  })),
  bin: kubectlPluginName,
});

export const krewManifest = (release: Release) => ({
  apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
  kind: "Plugin",
  metadata: { name: "fairway" },
  spec: {
    version: `v${release.version}`,
    homepage: release.homepage,
    shortDescription: "See promised bandwidth of pods and whether it is kept",
    description: [
      "Shows what the nodes of a cluster with Fairway have promised to pods, whether it",
      "is kept, whether a pod or a Deployment would fit, and what stands in the way.",
      "",
    ].join("\n"),
    caveats: [
      "It needs rights in the cluster, which Fairway's chart gives (viewer.enabled).",
      "",
    ].join("\n"),
    platforms: release.archives.map((archive) => platform(release, archive)),
  },
});

export const archiveName = (arch: Archive["arch"]): string =>
  `${kubectlPluginName}-linux-${arch}.tar.gz`;

const digestOf = (file: string): string =>
  new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");

/** `bun scripts/krew.ts BASE HOMEPAGE`, after scripts/krew has made the archives in dist. */
if (import.meta.main) {
  const [base = "", homepage = ""] = process.argv.slice(2);
  const dist = join(import.meta.dirname, "../dist");
  const archives = (["amd64", "arm64"] as const).map((arch) => {
    const file = archiveName(arch);
    return { arch, file, sha256: digestOf(join(dist, file)) };
  });
  const manifest = krewManifest({ version, base, homepage, archives });
  writeFileSync(join(dist, "krew.yaml"), `${Bun.YAML.stringify(manifest, null, 2)}\n`);
}
