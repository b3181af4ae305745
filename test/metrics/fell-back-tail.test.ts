/** Each record of a verb that fell back is given once, whatever becomes of the file. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fellBackFileNames } from "../../src/cni/fell-back.ts";
import { FellBackTail } from "../../src/metrics/fell-back-tail.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [name, before] = fellBackFileNames;
const add = (text: string): void => appendFileSync(join(folder, name), text);
const record = (ms: number): string => `1795963556 declined ADD ${ms}\n`;
const taken = (tail: FellBackTail) => tail.take().map(({ tookMs }) => tookMs);

test("what was there before is not given; the rest is, once", () => {
  add(record(1));
  const tail = new FellBackTail(folder);
  expect(taken(tail)).toEqual([]);
  add(record(2) + record(3));
  expect(taken(tail)).toEqual([2, 3]);
  expect(taken(tail)).toEqual([]);
});

test("a file that comes later, and a line that is not whole yet", () => {
  const tail = new FellBackTail(folder);
  expect(taken(tail)).toEqual([]);
  add(record(1) + record(2).slice(0, 20));
  expect(taken(tail)).toEqual([1]);
  add(record(2).slice(20));
  expect(taken(tail)).toEqual([2]);
});

test("a file that was put away meanwhile is read to its end first", () => {
  add(record(1));
  const tail = new FellBackTail(folder);
  add(record(2));
  renameSync(join(folder, name), join(folder, before));
  expect(taken(tail)).toEqual([2]);
  add(record(3));
  expect(taken(tail)).toEqual([3]);
  rmSync(join(folder, name));
  expect(taken(tail)).toEqual([]);
});
