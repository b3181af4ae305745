/** Sizes that pages tell are those of what was built. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { binary, repository } from "../support/binary.ts";
import { pageText } from "../support/pages.ts";

const MIB = 2 ** 20;
/** A change of the code need not change the page, as long as the reader's idea of it stays right. */
const ALLOWED_SHARE = 0.03;

test.each([
  ["README.md", /\| on the disk \| (\d+) MiB/, binary, MIB],
  ["docs/commands.md", /\| size \| (\d+) MiB/, binary, MIB],
  [
    "docs/install.md",
    /static program of (\d+) KB/,
    `${repository}/dist/fairway-launcher-x64`,
    1000,
  ],
])("%s tells the size of what was built", (page, words, path, unit) => {
  const [, told = ""] = words.exec(pageText(page)) ?? [];
  const found = statSync(path).size / unit;
  expect(Math.abs(Number(told) - found) / found).toBeLessThan(ALLOWED_SHARE);
});
