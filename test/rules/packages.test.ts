import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../..");
const starts = /Bun\.spawn|child_process|(?:import|require)\("execa"\)|from "execa"/;

test("children are started where docs/engineering/packages.md says, and nowhere else", () => {
  const found = [...new Glob("{bin,src}/**/*.ts").scanSync(root)].filter((path) =>
    readFileSync(join(root, path), "utf8")
      .split("\n")
      .some((line) => starts.test(line) && !/^\s*(?:\/\/|\/?\*)/.test(line)),
  );
  expect(found.sort()).toEqual([
    "src/kernel/children.ts",
    "src/kernel/send-off.ts",
    "src/ops/child.ts",
    "src/ops/prove.ts",
  ]);
});
