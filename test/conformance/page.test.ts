/** The page and the record are of the rows and the sources that there are. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { faults } from "./faults.ts";
import { gaps, pageOf, readRecord } from "./page.ts";
import { rows } from "./rows/index.ts";
import { sentences } from "./sentences.ts";

test("docs/engineering/conformance.md is what scripts/conformance --page writes", () => {
  const page = readFileSync(join(repository, "docs/engineering/conformance.md"), "utf8");
  expect(page === pageOf(readRecord())).toBe(true);
});

test("a row's id is its own", () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

test("each sentence is checked by a row", () => {
  const checked = new Set<string>(rows.map(({ sentence }) => sentence));
  expect(Object.keys(sentences).filter((name) => !checked.has(name))).toEqual([]);
});

test("the record names faults and rows that there are", () => {
  const ids = new Set(rows.map(({ id }) => id));
  const record = readRecord();
  expect(Object.keys(record).filter((name) => !(name in faults))).toEqual([]);
  expect(
    Object.values(record)
      .flat()
      .filter((id) => !ids.has(id)),
  ).toEqual([]);
});

test("each fault was caught, and each row was seen to fail", () => {
  expect(gaps(readRecord())).toEqual([]);
});

describe("a seeded fault's text stands once in its source", () => {
  test.each(Object.entries(faults))("%s", (_, { file, old }) => {
    expect(readFileSync(join(repository, file), "utf8").split(old)).toHaveLength(2);
  });
});
