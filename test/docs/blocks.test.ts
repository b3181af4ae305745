/** Every block of code in the pages for users is run, or read by what it is for; a table says which, and why. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { blockAfter, blocksOf, blockThat, userPages } from "../support/page.ts";
import { type Row, rows } from "./blocks.ts";
import { readers } from "./readers.ts";

const pages = userPages.filter((page) => blocksOf(page).length > 0);

test("the table has the pages that there are", () => {
  expect(Object.keys(rows).toSorted()).toEqual(pages.toSorted());
});

test.each(pages)("each block of %s has its row, in their order, and says what it is", (page) => {
  const blocks = blocksOf(page);
  for (const { line, language } of blocks)
    expect(`${page}:${line} ${language}`).toMatch(/ (sh|console|json|yaml|ini|text)$/);
  const begin = blocks.map(({ text }, at) => {
    const [wanted = ""] = rows[page]?.[at] ?? [];
    return text.startsWith(wanted) && wanted !== "" ? wanted : text.slice(0, 80);
  });
  expect(begin).toEqual((rows[page] ?? []).map(([begins]) => begins));
});

const all = Object.entries(rows).flatMap(([page, own]) =>
  own.map(([begins, how]: Row) => ({ page, begins, how, what: begins.split("\n", 1)[0] ?? "" })),
);

describe("what is run is named by the test that runs it", () => {
  const run = all.flatMap(({ how, ...row }) => ("by" in how ? [{ ...row, ...how }] : []));
  test.each(run)("$page: $what by $by", ({ page, begins, by, words }) => {
    expect(existsSync(join(repository, by)), `${by} is not there`).toBe(true);
    const source = readFileSync(join(repository, by), "utf8");
    expect(source).toContain(page);
    expect(source).toContain(words ?? begins.split("\n", 1)[0] ?? begins);
    if (words !== undefined) expect(blockAfter(page, words)).toBe(blockThat(page, begins));
  });
});

describe("what is not run is read", () => {
  const read = all.flatMap(({ how, ...row }) => ("as" in how ? [{ ...row, ...how }] : []));
  for (const { page, begins, what, as } of read) {
    const { needs, read: reads } = readers[as];
    const title = `${page}: ${what} as ${as}${needs === null ? "" : " (needs Go)"}`;
    test.skipIf(needs !== null)(title, () => reads(blockThat(page, begins), page));
  }
});

test("commands are nowhere shown without a test", () => {
  const shown = all.flatMap(({ how, ...row }) => ("shown" in how ? [row] : []));
  const commands = shown.filter(
    ({ page, begins }) =>
      blocksOf(page).find(({ text }) => text.startsWith(begins))?.language !== "text",
  );
  // An image is made and brought to nodes by scripts/test-cluster, before its tests.
  expect(commands.map(({ page, what }) => `${page}: ${what}`)).toEqual([
    "README.md: scripts/build-image",
  ]);
});
