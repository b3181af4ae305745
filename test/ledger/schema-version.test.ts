import { expect, test } from "bun:test";
import {
  type SchemaVersion,
  type Standing,
  schemaNumber,
  schemaOf,
  schemaText,
  standingOf,
} from "../../src/ledger/schema-version.ts";

test.each<[SchemaVersion, number, string]>([
  [{ format: 0, additions: 0 }, 0, "0"],
  [{ format: 6, additions: 0 }, 6, "6"],
  [{ format: 6, additions: 1 }, 1006, "6.1"],
  [{ format: 12, additions: 34 }, 34_012, "12.34"],
])("%j is %d in the file, and %s for a person", (version, number, text) => {
  expect(schemaNumber(version)).toBe(number);
  expect(schemaOf(number)).toEqual(version);
  expect(schemaText(number)).toBe(text);
});

test.each<[string, number, number, Standing]>([
  ["an empty file", 0, 6, "behind"],
  ["an older format", 5, 6, "behind"],
  ["an older format with additions", 9005, 6, "behind"],
  ["the same", 6, 6, "usable"],
  ["the same with its additions", 2006, 2006, "usable"],
  ["one addition more", 1006, 6, "usable"],
  ["many additions more", 40_006, 1006, "usable"],
  ["one addition less", 1006, 2006, "behind"],
  ["a newer format", 7, 6, "ahead"],
  ["a newer format, with fewer additions than are known of the older one", 7, 3006, "ahead"],
  ["a newer format with additions", 1007, 6, "ahead"],
])("%s", (_, found, known, standing) => {
  expect(standingOf(found, known)).toBe(standing);
});
