/**
 * Writes THIRD-PARTY-NOTICES.txt: what of others is in the executables and in the launcher, with its licence. The
 * packages are those whose code is in the bundles; what the runtime is made of is told by its own page.
 * scripts/build-launcher has to have fetched Zig's compiler before, which has musl's licence.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");

interface Package {
  name: string;
  version: string;
  license: string;
  homepage: string;
  text: string;
}

const packageFolder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

const entries = ["bin/fairway.ts", "bin/prove.ts"];

/** The folders of the packages of which code is in the executables. */
async function bundledFolders(of: readonly string[]): Promise<string[]> {
  const { success, metafile, logs } = await Bun.build({
    entrypoints: of.map((path) => join(root, path)),
    target: "bun",
    splitting: true,
    metafile: true,
    throw: false,
  });
  if (!success || metafile === undefined) throw new AggregateError(logs, "it cannot be bundled");
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = used.flatMap(
    (path) => packageFolder.exec(path)?.[0].replace(/^.*?node_modules/, "node_modules") ?? [],
  );
  // Its code is not bundled, but the validator that it writes is.
  return [...new Set([...folders, "node_modules/ajv"])].toSorted();
}

function readPackage(folder: string): Package {
  const read = (name: string): string => readFileSync(join(root, folder, name), "utf8");
  const { name, version, license, homepage } = JSON.parse(read("package.json")) as Package;
  const texts = readdirSync(join(root, folder)).filter((file) =>
    /^(licen[cs]e|notice)\b/i.test(file),
  );
  if (texts.length === 0) throw new Error(`${folder} has no text of its licence`);
  const text = texts
    .toSorted()
    .map((file) => read(file).trim())
    .join("\n\n");
  return {
    name,
    version,
    license,
    homepage: homepage ?? "a package of npm",
    text,
  };
}

/** The packages of npm of which code is in what is made of these files. */
export const bundledPackages = async (of: readonly string[]): Promise<Package[]> =>
  (await bundledFolders(of)).map(readPackage);

const rule = "-".repeat(80);

const ofPackage = ({ name, version, license, homepage, text }: Package): string =>
  `${rule}\n${name} ${version} (${license})\n${homepage}\n\n${text}\n`;

/** A table's row becomes a line. Where a name leads only to its package, it stands alone. */
function plainLines(markdown: string): string[] {
  return markdown
    .replace(/\[(`?)([^\]]+?)\1\]\(([^)]+)\)/g, "$2 <$3>")
    .replace(/ <https:\/\/(?:www\.)?npmjs\.com\/[^>]*>/g, "")
    .split("\n")
    .filter((line) => !/^\|[ |-]*-[ |-]*\|$/.test(line) && !/^\| (Library|Package) /.test(line))
    .map((line) => line.replace(/^\| (.*?) *\| (.*?) *\|$/, "- $1: $2").replaceAll("`", ""));
}

function ofRuntime(): string {
  const read = (path: string): string => readFileSync(join(root, "node_modules", path), "utf8");
  const { version, license } = JSON.parse(read("@oven/bun-linux-x64/package.json")) as Package;
  const page = read("bun-types/docs/project/license.mdx").replace(/^---\n[\s\S]*?\n---\n/, "");
  return [
    rule,
    `Bun ${version} (${license}, with parts under other licences)`,
    "https://github.com/oven-sh/bun",
    "",
    "The runtime is in each executable as npm brings it, unchanged. Its package has no text of a licence; what its own",
    "documentation of this version says of itself and of its parts follows. Some of them are under the LGPL: whoever",
    "wants to change those makes another Bun as it says, and an executable with it by the lines of scripts/lib.sh:",
    "`bun build --compile` takes a runtime of one's own with `--compile-executable-path`. The builds for musl load",
    "libstdc++ and musl from the host; they are not in them.",
    "",
    plainLines(page).join("\n").trim(),
    "",
  ].join("\n");
}

function ofLauncher(): string {
  const tools = join(root, "dist/test-tools");
  const script = readFileSync(join(root, "scripts/build-launcher"), "utf8");
  const version = /^ZIG_VERSION=(\S+)$/m.exec(script)?.[1];
  const read = (path: string): string =>
    readFileSync(join(tools, `zig-${version}/ziglang`, path), "utf8").trim();
  return [
    rule,
    `musl, and what else Zig ${version} links to a program of C: in the launcher, and in the image's \`cat\``,
    "https://musl.libc.org, https://ziglang.org",
    "",
    read("lib/libc/musl/COPYRIGHT"),
    "",
    "Zig:",
    "",
    read("LICENSE"),
    "",
  ].join("\n");
}

export async function noticesText(): Promise<string> {
  const packages = await bundledPackages(entries);
  const head = [
    "Fairway is under the Apache License 2.0 (LICENSE). Its executables and its launcher contain what others have",
    "written. This file names it; scripts/notices.ts writes it, and a test holds it to what is really in them.",
    "",
    `In fairway and fairway-prove: Bun, and ${packages.length} packages of npm. In the launcher, and in the image's \`cat\`: musl.`,
    "",
  ];
  return [head.join("\n"), ofRuntime(), ...packages.map(ofPackage), ofLauncher()].join("\n");
}

if (import.meta.main) writeFileSync(join(root, "THIRD-PARTY-NOTICES.txt"), await noticesText());
