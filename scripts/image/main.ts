/** Writes dist/fairway-image.tar and the SBOMs beside it. scripts/build-image has made all that it reads. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundledPackages } from "../notices.ts";
import { hosts, layersOf, libcOf, type Processor } from "./contents.ts";
import { imageOf, type OfProcessor } from "./image.ts";
import { sbomOf } from "./sbom.ts";

const root = join(import.meta.dir, "../..");

const [name = "", revision = "", time = "", ...processors] = process.argv.slice(2);

function jsonAt(path: string): Record<string, string> {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as Record<string, string>;
}

const { version = "" } = jsonAt("package.json");
const bun = jsonAt("node_modules/@oven/bun-linux-x64/package.json");
const launcherScript = readFileSync(join(root, "scripts/build-launcher"), "utf8");
const zigVersion = /^ZIG_VERSION=(\S+)$/m.exec(launcherScript)?.[1] ?? "";
const timeSeconds = Number(time);
const packages = await bundledPackages(["bin/fairway.ts"]);

const parts = {
  version,
  bun: { version: bun.version ?? "", license: bun.license ?? "NOASSERTION" },
  ...{ packages, zigVersion },
};

const of = (processors as Processor[]).map((processor): OfProcessor => {
  const layers = layersOf(processor);
  const libc = libcOf(processor);
  const sbom = sbomOf(processor, { ...parts, libc }, layers.flat(), timeSeconds);
  writeFileSync(join(root, `dist/fairway-image-${hosts[processor].architecture}.spdx.json`), sbom);
  return { processor, layers, sbom };
});

const { archive, digest } = imageOf(of, {
  ...{ name, version, timeSeconds },
  revision: revision === "" ? null : revision,
});
writeFileSync(join(root, "dist/fairway-image.tar"), archive);
console.log(digest);
