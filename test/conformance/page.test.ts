/** The page and the record are of the rows and the sources that there are. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { deaf, faults } from "./faults.ts";
import { gaps, pageOf } from "./page.ts";
import { partFaults } from "./part-faults.ts";
import { readRecord } from "./record.ts";
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
  const { faults: seen, parts } = readRecord();
  expect(Object.keys(seen).filter((name) => !(name in faults))).toEqual([]);
  expect(Object.keys(parts).filter((name) => !(name in partFaults))).toEqual([]);
  const named = Object.values(seen).flatMap((caught) => Object.values(caught).flat());
  expect(named.filter((id) => !ids.has(id))).toEqual([]);
});

test("each fault was caught, and each row was seen to fail", () => {
  expect(gaps(readRecord())).toEqual([]);
});

const replacements = [
  ["closed sockets", deaf] as const,
  ...Object.entries(faults),
  ...Object.entries(partFaults),
  ...Object.entries(faults).flatMap(([name, { inAgent }]) =>
    inAgent === undefined ? [] : [[`${name}, in the agent`, inAgent] as const],
  ),
];

describe("a seeded fault's text stands once in its source", () => {
  test.each(replacements)("%s", (_, { file, old }) => {
    expect(readFileSync(join(repository, file), "utf8").split(old)).toHaveLength(2);
  });
});
