/** A ledger stays open for as long as opening it anew would give the same. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptLedgers } from "../../src/agent/kept-ledgers.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const given = (kept: KeptLedgers, name = "a", bootId = "boot"): Ledger => {
  const dir = join(root, name);
  return kept.give(dir, bootId, () => openLedger({ dir, bootId }));
};

/** As between two verbs. */
const nextTurn = (): Promise<void> => Promise.resolve();

const broken = (file: string): never => {
  throw new Error(`${file} is broken`);
};

const isClosed = (ledger: Ledger): boolean => {
  try {
    ledger.networks();
    return false;
  } catch {
    return true;
  }
};

test("it is the same as before", async () => {
  using kept = new KeptLedgers(broken);
  const first = given(kept);
  expect(given(kept)).toBe(first);
  await nextTurn();
  expect(given(kept)).toBe(first);
  expect(given(kept, "b")).not.toBe(first);
  expect(given(kept)).toBe(first);
});

test("another boot, or another file in its place, gets another, and the former is closed", async () => {
  using kept = new KeptLedgers(broken);
  const first = given(kept);
  await nextTurn();
  const second = given(kept, "a", "next boot");
  expect(second).not.toBe(first);
  expect(isClosed(first)).toBe(true);
  await nextTurn();
  renameSync(join(root, "a"), join(root, "aside"));
  const third = given(kept, "a", "next boot");
  expect(third).not.toBe(second);
  expect(isClosed(second)).toBe(true);
  expect(isClosed(third)).toBe(false);
});

test.each([
  ["was cut", (file: string) => truncateSync(file, 0)],
  ["has lost its log", (file: string) => rmSync(`${file}-wal`)],
  ["has lost the index of its log", (file: string) => rmSync(`${file}-shm`)],
])("one that %s beneath us is told of", async (_, spoil) => {
  using kept = new KeptLedgers(broken);
  const first = given(kept);
  await nextTurn();
  spoil(first.file);
  expect(() => given(kept)).toThrow("is broken");
});

test("within one turn it is looked at once", () => {
  using kept = new KeptLedgers(broken);
  const first = given(kept);
  truncateSync(first.file, 0);
  expect(given(kept)).toBe(first);
});

test("of many folders only the last few stay open", () => {
  using kept = new KeptLedgers(broken);
  const names = ["a", "b", "c", "d", "e", "f"];
  const ledgers = names.map((name) => given(kept, name));
  expect(ledgers.map(isClosed)).toEqual([true, true, false, false, false, false]);
  expect(given(kept, "c")).toBe(ledgers[2] as Ledger);
});

const logBytes = (ledger: Ledger): number => statSync(`${ledger.file}-wal`).size;

test("the log is emptied when it is told to, and not by who writes", () => {
  using kept = new KeptLedgers(broken);
  const ledger = given(kept);
  for (let at = 0; at < 300; at++)
    ledger.exclusively(() => ledger.setFact("x", String(at).repeat(500)));
  const fullBytes = logBytes(ledger);
  expect(fullBytes).toBeGreaterThan(1_000_000);
  kept.emptyLogs();
  // What was emptied is written over from its beginning.
  ledger.exclusively(() => ledger.setFact("x", "after"));
  expect(logBytes(ledger)).toBe(fullBytes);
  using other = openLedger({ dir: join(root, "a"), bootId: "boot" });
  expect(other.fact("x")).toBe("after");
});

test("a ledger that was taken away is not made again to empty its log", async () => {
  using kept = new KeptLedgers(broken);
  given(kept);
  await nextTurn();
  rmSync(join(root, "a"), { recursive: true });
  kept.emptyLogs();
  expect(existsSync(join(root, "a"))).toBe(false);
});

test("the log of a file that was cut is not put into it", async () => {
  using kept = new KeptLedgers(broken);
  const { file } = given(kept);
  await nextTurn();
  truncateSync(file, 0);
  expect(() => kept.emptyLogs()).toThrow("is broken");
  expect(statSync(file).size).toBe(0);
});

test("at the end all are closed", () => {
  const kept = new KeptLedgers(broken);
  const ledgers = ["a", "b"].map((name) => given(kept, name));
  kept[Symbol.dispose]();
  expect(ledgers.map(isClosed)).toEqual([true, true]);
});
