/** The executable under the name by which kubectl looks for it, and where there is no kubectl. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../../src/ops/child.ts";
import { binary } from "../support/binary.ts";

function withName<T>(use: (program: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "fairway-name-"));
  try {
    const program = join(folder, "kubectl-fairway");
    symlinkSync(binary, program);
    return use(program, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("it is kubectl's plugin, and nothing else", () =>
  withName((program) => {
    const timeoutMs = 20_000;
    const help = runChild([program, "--help"], { timeoutMs });
    expect(help.stdout).toStartWith("Usage: kubectl fairway [options] [command]\n");
    expect(help.code).toBe(0);
    expect(help.stdout).not.toContain("repair");
    expect(runChild([program, "repair"], { timeoutMs })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'repair'"),
    });
  }));

test.each([["nodes"], ["explain web"], ["status"]])("%s without a kubectl says so", (line) =>
  withName((program, folder) => {
    const env = { PATH: "/nonexistent", TMPDIR: folder };
    const { code, stdout, stderr } = runChild([program, ...line.split(" ")], {
      ...{ env, timeoutMs: 20_000 },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toStartWith("kubectl fairway: kubectl cannot be started: ");
    expect(stderr).toContain("install it, and put its folder into PATH");
    expect(readdirSync(folder)).toEqual(["kubectl-fairway"]);
  }),
);
