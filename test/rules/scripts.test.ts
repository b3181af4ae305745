import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";

const root = join(import.meta.dir, "../..");

/** They run for minutes, so whoever asks one of them for help is not to start it. */
const withoutArguments = ["test", "test-cluster", "test-e2e", "test-kernel", "test-matrix"];

describe.each(withoutArguments)("scripts/%s", (name) => {
  const file = join(root, "scripts", name);
  const run = (argument: string) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([file, argument], {
      env: minimalEnvironment(),
      timeout: 5_000,
    });
    return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };

  test("looks at its arguments before anything else", () => {
    const [first] = readFileSync(file, "utf8").split('lib.sh"\n').slice(1);
    expect(first).toStartWith('takes_nothing "$@"\n');
  });

  test("--help prints what stands at its top", () => {
    const { code, stdout } = run("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("The last line counts.");
  });

  test("an argument is refused", () => {
    expect(run("--only")).toEqual({
      code: 2,
      stdout: "",
      stderr: `== ${name} takes no arguments, and was given: --only\n`,
    });
  });
});
