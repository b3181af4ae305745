/** The policies are made of the plugin's own constants. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { policyFiles } from "../../scripts/policies.ts";
import { repository } from "../support/binary.ts";

const files = Object.entries(policyFiles());

test.each(files)("%s is written anew by scripts/generate.ts", (name, text) => {
  for (const folder of ["conf/cluster", "charts/fairway/files"])
    expect(readFileSync(join(repository, folder, name), "utf8")).toBe(text);
});

test.each(files)("%s uses nothing of CEL that Kubernetes 1.30 does not have", (_, text) => {
  // Of the libraries that came with 1.31 to 1.37: format, two-variable comprehensions, semver, lists.
  for (const name of [
    "format.",
    "transformList(",
    "transformMap(",
    "semver(",
    "lists.range(",
    ".slice(",
    ".sort(",
    ".distinct(",
    ".flatten(",
    ".reverse(",
    "cel.bind(",
  ])
    expect(text).not.toContain(name);
});
