/** The id of a build is that of the files that it is made of (scripts/build-id.ts). */
import { expect, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildIdOf } from "../../scripts/build-id.ts";

const root = join(import.meta.dir, "../..");

function withFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "fairway-tree-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test("a copy of this repository without git, and without what is generated, has the same id", () =>
  withFolder((copy) => {
    const tops = ["THIRD-PARTY-NOTICES.txt", "package-lock.json", "package.json", "tsconfig.json"];
    for (const part of [...tops, "bin", "scripts", "src"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    for (const folder of ["src/config/generated", "src/ui/generated"])
      rmSync(join(copy, folder), { recursive: true });
    expect(buildIdOf(copy)).toBe(buildIdOf(root));
    expect(buildIdOf(copy)).toMatch(/^[0-9a-f]{12}$/);
  }));

const small = [
  "THIRD-PARTY-NOTICES.txt",
  "bin/fairway.ts",
  "package-lock.json",
  "package.json",
  "scripts/build",
  "scripts/build-launcher",
  "scripts/generate.ts",
  "scripts/lib.sh",
  "scripts/runtimes.sha512",
  "scripts/soak",
  "src/launcher/full.c",
  "src/paths.ts",
  "tsconfig.json",
];

/** The ids of a small tree before and after the change. */
function around(change: (tree: string) => void): { before: string; after: string } {
  let ids = { before: "", after: "" };
  withFolder((tree) => {
    for (const path of small) write(join(tree, path), path);
    const before = buildIdOf(tree);
    change(tree);
    ids = { before, after: buildIdOf(tree) };
  });
  return ids;
}

const append = (path: string) => (tree: string) => appendFileSync(join(tree, path), "\n");

const changes: [string, (tree: string) => void][] = [
  ...small
    .filter((path) => path !== "scripts/soak")
    .map((path): [string, (tree: string) => void] => [path, append(path)]),
  ["a source that is new", (tree) => write(join(tree, "src/new.ts"), "")],
  ["a source that is gone", (tree) => rmSync(join(tree, "src/paths.ts"))],
  [
    "a source that has another name",
    (tree) => renameSync(join(tree, "src/paths.ts"), join(tree, "src/path.ts")),
  ],
  [
    "two sources that have each other's text",
    (tree) => {
      write(join(tree, "src/paths.ts"), "src/launcher/full.c");
      write(join(tree, "src/launcher/full.c"), "src/paths.ts");
    },
  ],
];

test.each(changes)("another id: %s", (_, change) => {
  const { before, after } = around(change);
  expect(after).not.toBe(before);
});

const elsewhere: [string, (tree: string) => void][] = [
  ["what a build makes", (tree) => write(join(tree, "dist/fairway"), "")],
  ["the page as it is put together", (tree) => write(join(tree, "src/ui/generated/files.ts"), "")],
  ["what is generated", (tree) => write(join(tree, "src/config/generated/validate.js"), "")],
  ["what an editor leaves", (tree) => write(join(tree, "src/.paths.ts.swp"), "")],
  ["a document", (tree) => write(join(tree, "docs/agent.md"), "")],
  ["a script that builds nothing", append("scripts/soak")],
];

test.each(elsewhere)("the same id: %s", (_, change) => {
  const { before, after } = around(change);
  expect(after).toBe(before);
});

test("a tree that lacks a source has none", () => {
  const change = (tree: string) => rmSync(join(tree, "package-lock.json"));
  expect(() => around(change)).toThrow("package-lock.json");
});

test.each(["x64", "arm64"])("the launcher for %s has the id of a build", (processor) => {
  const launcher = readFileSync(join(root, `dist/fairway-launcher-${processor}`), "latin1");
  const [told] = /fairway-launcher \(build [^)]*\)/.exec(launcher) ?? [];
  expect(told).toMatch(/^fairway-launcher \(build [0-9a-f]{12}\)$/);
});
