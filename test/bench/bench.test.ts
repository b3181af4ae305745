/** So little that no figure means anything: the bench runs, tells its page, and leaves nothing. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listNamespaces } from "../../src/prove/lab/namespaces.ts";
import { run } from "../../src/prove/lab/run.ts";
import { repository } from "../support/binary.ts";
import type { BenchResult } from "./result.ts";
import { sideNames } from "./sides.ts";

const program = [process.execPath, join(repository, "test/bench/main.ts")];

test("one round of ADD, CHECK and DEL on every side that is there", () => {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    const out = join(folder, "figures");
    const asked = ["--quick", "--only", "a", "--rounds", "1", "--out", out];
    const done = run([...program, ...asked], { timeoutMs: 55_000 });
    expect(done.stderr).toContain("== a:");
    expect(done.code).toBe(0);
    const { parts } = JSON.parse(readFileSync(`${out}.json`, "utf8")) as BenchResult;
    for (const verb of ["ADD", "CHECK", "DEL"]) {
      const found = parts.a?.[0]?.series.find(
        ({ what, side }) => what === verb && side === sideNames.fairway,
      );
      expect(found?.values).toEqual([expect.any(Number)]);
    }
    const page = readFileSync(`${out}.md`, "utf8");
    expect(page).toContain("| ADD | Fairway |");
    // What was not measured says so.
    expect(page).toContain("Not measured.");
    expect(listNamespaces().filter((name) => name.startsWith("fwb-"))).toEqual([]);
    const scratch = readdirSync(join(repository, "dist")).filter((f) => f.startsWith("bench-scr"));
    expect(scratch).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("a part that there is not is a wrong use, and names those that there are", () => {
  const done = run([...program, "--only", "z"]);
  expect(done.code).not.toBe(0);
  expect(done.stderr).toContain('no part "z"; there are a, b-50');
});
