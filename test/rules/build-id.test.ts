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
import { join } from "node:path";
import { buildIdOf } from "../../scripts/build-id.ts";

const root = join(import.meta.dir, "../..");
const parts = [
  "THIRD-PARTY-NOTICES.txt",
  "bin",
  "package-lock.json",
  "package.json",
  "scripts",
  "src",
  "tsconfig.json",
];

/** A copy of the tree, which has no git. */
function withCopy(use: (copy: string) => void): void {
  const copy = mkdtempSync(join(tmpdir(), "fairway-tree-"));
  try {
    for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
    use(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

test("two trees with the same files have the same id", () =>
  withCopy((copy) => {
    expect(buildIdOf(copy)).toBe(buildIdOf(root));
    expect(buildIdOf(copy)).toMatch(/^[0-9a-f]{12}$/);
  }));

const changes: [string, (copy: string) => void][] = [
  ["a source that has one more line", (copy) => appendFileSync(join(copy, "src/paths.ts"), "\n")],
  ["a source of the launcher", (copy) => appendFileSync(join(copy, "src/launcher/full.c"), "\n")],
  ["the entry", (copy) => appendFileSync(join(copy, "bin/fairway.ts"), "\n")],
  ["the lock file", (copy) => appendFileSync(join(copy, "package-lock.json"), "\n")],
  ["how it is built", (copy) => appendFileSync(join(copy, "scripts/build"), "\n")],
  ["a source that is new", (copy) => writeFileSync(join(copy, "src/new.ts"), "")],
  ["a source that is gone", (copy) => rmSync(join(copy, "src/paths.ts"))],
  [
    "a source that has another name",
    (copy) => renameSync(join(copy, "src/paths.ts"), join(copy, "src/p.ts")),
  ],
];

test.each(changes)("another id: %s", (_, change) =>
  withCopy((copy) => {
    change(copy);
    expect(buildIdOf(copy)).not.toBe(buildIdOf(root));
  }),
);

const elsewhere: [string, (copy: string) => void][] = [
  [
    "what a build makes",
    (copy) => {
      mkdirSync(join(copy, "dist"));
      writeFileSync(join(copy, "dist/fairway"), "");
    },
  ],
  ["what is generated", (copy) => rmSync(join(copy, "src/config/generated"), { recursive: true })],
  ["what an editor leaves", (copy) => writeFileSync(join(copy, "src/.paths.ts.swp"), "")],
  ["a script that builds nothing", (copy) => appendFileSync(join(copy, "scripts/soak"), "\n")],
];

test.each(elsewhere)("the same id: %s", (_, change) =>
  withCopy((copy) => {
    change(copy);
    expect(buildIdOf(copy)).toBe(buildIdOf(root));
  }),
);

test("a tree that lacks a source has none", () =>
  withCopy((copy) => {
    rmSync(join(copy, "package-lock.json"));
    expect(() => buildIdOf(copy)).toThrow("package-lock.json");
  }));

test.each(["x64", "arm64"])("the launcher for %s has the id of a build", (processor) => {
  const launcher = readFileSync(join(root, `dist/fairway-launcher-${processor}`), "latin1");
  expect(launcher).toMatch(/\0fairway-launcher \(build [0-9a-f]{12}\)\0/);
});
