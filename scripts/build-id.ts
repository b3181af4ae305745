/**
 * Tells the id of a build, which is a digest of everything that it is made of: two trees with the same files
 * have the same id, with git or without, and any change of a file makes another one. The executables for all
 * hosts and the launcher share it. scripts/build puts it into what it makes.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a build is made of: the sources, the packages, and how they are put together. */
const sources = [
  "THIRD-PARTY-NOTICES.txt",
  "bin",
  "package-lock.json",
  "package.json",
  "scripts/build",
  "scripts/build-launcher",
  "scripts/generate.ts",
  "scripts/lib.sh",
  "scripts/runtimes.sha512",
  "src",
  "tsconfig.json",
];

/** It is made of the other sources by scripts/generate.ts, and is not there in a clean clone. */
const generated: readonly string[] = ["src/config/generated", "src/ui/generated"];

/** What an editor leaves beside a file is no source. */
const isLeftByEditor = (name: string): boolean => name.startsWith(".") || name.endsWith("~");

function filesIn(root: string, path: string): string[] {
  if (generated.includes(path)) return [];
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const inside = `${path}/${entry.name}`;
    if (isLeftByEditor(entry.name)) return [];
    return entry.isDirectory() ? filesIn(root, inside) : [inside];
  });
}

const isFolder = (path: string): boolean => path === "bin" || path === "src";

/** The id of the tree below `root`: twelve hexadecimal digits. Throws where one of the sources is missing. */
export function buildIdOf(root: string): string {
  const files = sources.flatMap((path) => (isFolder(path) ? filesIn(root, path) : [path]));
  const hash = createHash("sha256");
  for (const path of files.toSorted()) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 12);
}

if (import.meta.main) console.log(buildIdOf(join(import.meta.dir, "..")));
