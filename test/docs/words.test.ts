/** Pages for users are short, are in the index, and say what they are about. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { userPages } from "../support/page.ts";
import { pageText } from "../support/pages.ts";

const index = "docs/README.md";
const mostWords = 1_500;

/** What is read: neither blocks of code, which are copied, nor where links lead, nor the lines of tables. */
const wordsOf = (text: string): number =>
  text
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/\]\([^)]*\)/g, "]")
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

const tablesOf = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .join("\n");

/** Paths of the pages that a text of the index links to. */
const linked = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)#]+\.md)/g)].map(([, to = ""]) => join("docs", to));

const [readers = "", reference = ""] = pageText(index).split("\n## Reference\n");
const isReference = (page: string): boolean => linked(reference).includes(page);

describe("a page is short, or is a reference, which is mostly tables", () => {
  test.each(userPages)("%s", (page) => {
    const text = pageText(page);
    if (isReference(page)) expect(wordsOf(tablesOf(text))).toBeGreaterThan(wordsOf(text) / 2);
    else expect(wordsOf(text)).toBeLessThanOrEqual(mostWords);
  });
});

test("the index has every page once or more, and none that is not there", () => {
  expect(linked(readers).filter((page) => !existsSync(join(repository, page)))).toEqual([]);
  const missing = userPages.filter((page) => page !== index && !linked(readers).includes(page));
  expect(missing).toEqual([]);
});

test("a reference is in the index for readers, too", () => {
  expect(linked(reference).filter((page) => !linked(readers).includes(page))).toEqual([]);
});

test("words are counted as they are read", () => {
  expect(
    wordsOf("# A page\n\nIt has [a link](x.md#y), `code` and\n```sh\nrun it\n```\n| a | b |"),
  ).toBe(10);
});
