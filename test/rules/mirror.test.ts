/** A test in a folder of `src` has the path of the file that it tests, or that path, a hyphen and an aspect. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../..");

/** By path, why no file of `src` has it. */
const exceptions: Record<string, string> = {
  "node/model/model.test.ts": "a model of the whole node, beside random verbs and commands",
};

/** The launcher is of C. */
const isMirrored = (path: string): boolean => {
  const folder = path.split("/")[0] ?? "";
  return folder !== "launcher" && existsSync(join(root, "src", folder));
};

/** "set-keys-of-ranges" may be a test of set-keys-of-ranges.ts, set-keys-of.ts, set-keys.ts or set.ts. */
function tested(path: string): string | undefined {
  const words = path.replace(/^.*\/|\.test\.ts$/g, "").split("-");
  return words
    .map((_, cut) => `src/${dirname(path)}/${words.slice(0, words.length - cut).join("-")}.ts`)
    .find((file) => existsSync(join(root, file)));
}

test("each test has the path of what it tests", () => {
  const tests = [...new Glob("*/**/*.test.ts").scanSync(join(root, "test"))].filter(isMirrored);
  expect(tests.length).toBeGreaterThan(100);
  const lost = tests.filter((path) => tested(path) === undefined);
  expect(lost.toSorted()).toEqual(Object.keys(exceptions));
});

test.each([
  ["plan/diff.test.ts", "src/plan/diff.ts"],
  ["plan/diff-fake.test.ts", "src/plan/diff.ts"],
  ["ops/set-capacity/command.test.ts", "src/ops/set-capacity/command.ts"],
  ["plan/nothing.test.ts", undefined],
  ["node/diff.test.ts", undefined],
])("%s tests %p", (path, file) => {
  expect(tested(path)).toBe(file);
});
