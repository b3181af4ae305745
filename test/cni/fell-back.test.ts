/** What is recorded of a verb that fell back, and how much of it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fellBackFileNames,
  fellBackReasons,
  mostFellBackBytes,
  recordFellBack,
} from "../../src/cni/fell-back.ts";
import { pageText } from "../support/pages.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [name, nameBefore] = fellBackFileNames;
const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");
const fellBack = (reason: string): void =>
  recordFellBack(folder, { FAIRWAY_FELL_BACK: reason, CNI_COMMAND: "ADD" }, 12.4);

test("a line for each, which only its owner may read", () => {
  fellBack("timeout");
  fellBack("declined");
  expect(textOf(name)).toMatch(/^\d{10} timeout ADD 12\n\d{10} declined ADD 12\n$/);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("no launcher, no ledger, or a reason that no launcher gives: nothing is recorded", () => {
  recordFellBack(folder, { CNI_COMMAND: "ADD" }, 1);
  recordFellBack(null, { FAIRWAY_FELL_BACK: "timeout", CNI_COMMAND: "ADD" }, 1);
  fellBack("because\n1795963556 timeout ADD");
  expect(existsSync(join(folder, name))).toBe(false);
});

test("where nothing can be written, nothing is told", () => {
  symlinkSync("/dev/null", join(folder, name));
  fellBack("timeout");
  const env = { FAIRWAY_FELL_BACK: "timeout", CNI_COMMAND: "ADD" };
  recordFellBack(join(folder, "not-there"), env, 1);
  expect(existsSync(join(folder, "not-there"))).toBe(false);
});

test("a full file is put away, in the place of the one before", () => {
  writeFileSync(join(folder, nameBefore), "the one before");
  writeFileSync(join(folder, name), `${"x".repeat(mostFellBackBytes - 1)}\n`);
  fellBack("broken");
  fellBack("version");
  expect(textOf(nameBefore)).toMatch(/^x+\n\d+ broken ADD 12\n$/);
  expect(textOf(name)).toMatch(/^\d+ version ADD 12\n$/);
});

test("the reasons are those of the launcher, and stand in docs/agent.md", () => {
  const source = ["launcher.c", "full.c"].map((file) => pageText(`src/launcher/${file}`)).join("");
  const given = [
    ...source.matchAll(/(?:become_full\(argv, [^;]*|after_loss\(argv, verb), "([a-z-]+)"/g),
  ];
  expect([...new Set(given.map(([, reason = ""]) => reason))].toSorted()).toEqual(
    fellBackReasons.toSorted(),
  );
  const page = pageText("docs/agent.md");
  expect(fellBackReasons.filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([]);
});
