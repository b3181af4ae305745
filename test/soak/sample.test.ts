import { expect, test } from "bun:test";
import { grown, type Sample } from "./sample.ts";

const at = (seconds: number, more: Partial<Sample> = {}): Sample => ({
  ...{ seconds, rows: 8, addresses: 8, devices: 8, classes: 8, elements: 8 },
  ...{ ledgerBytes: 1e6, openFiles: 1e4, slabBytes: 1e8, availableBytes: 1e9, judged: 4, below: 0 },
  ...more,
});
const nine = (more: (index: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: 9 }, (_, index) => at(index, more(index)));

test("what goes up and down is flat", () => {
  expect(grown(nine((i) => ({ rows: 8 + (i % 3), openFiles: 1e4 + (i % 2) * 5e3 })))).toEqual([]);
});

test.each([
  ["ledgerBytes", 1e6],
  ["devices", 1],
  ["openFiles", 1e3],
  ["slabBytes", 1e8],
] as const)("%s that grows is told", (key, perSample) => {
  const [found = ""] = grown(nine((i) => ({ [key]: i * perSample })));
  expect(found).toStartWith(`${key} grew`);
});
