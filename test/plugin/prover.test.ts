/** `fairway prove` hands over to the program beside it. */
import { expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/prove/lab/run.ts";
import { binary, prover } from "../support/binary.ts";

test("with its own arguments, output and exit code", () => {
  for (const words of [["--list"], ["--help"], ["--nothing"]])
    expect(run([binary, "prove", ...words])).toEqual(run([prover, ...words]));
});

test("where it is not there it is told what to do, and what proves tells where the plugin is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  const alone = join(folder, "fairway");
  try {
    copyFileSync(binary, alone);
    expect(run([alone, "prove", "--list"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${folder}/fairway-prove is not there`),
    });
    const away = mkdtempSync(join(folder, "away-"));
    copyFileSync(prover, join(away, "fairway-prove"));
    expect(run([join(away, "fairway-prove")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`is not there: ${away}/fairway`),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what makes traffic is no part of the plugin", () => {
  expect(run([binary, "traffic", "{}"])).toMatchObject({ code: 2 });
});
