import { describe, expect, test } from "bun:test";
import { type CommandOptions, minimalEnvironment, runChild } from "../../src/ops/child.ts";

const run = (script: string, over: Partial<CommandOptions> = {}) =>
  runChild(["/bin/sh", "-c", script], { timeoutMs: 30_000, ...over });

describe("a child", () => {
  test.each<[string, Partial<CommandOptions>, object]>([
    ["echo a; echo b >&2; exit 4", {}, { code: 4, stdout: "a\n", stderr: "b\n" }],
    ["cat", { stdin: "given\n" }, { code: 0, stdout: "given\n" }],
    ["cat", {}, { code: 0, stdout: "" }],
    ["sleep 30", { timeoutMs: 100 }, { code: null }],
    ["trap '' TERM; while :; do :; done", { timeoutMs: 100 }, { code: null }],
    ["kill -9 $$", {}, { code: null }],
  ])("%s, given %j", (script, over, left) => {
    expect(run(script, over)).toMatchObject(left);
  });

  test("gets one language, a PATH and what is given, and nothing of ours", () => {
    process.env.FAIRWAY_CHILD_TEST = "ours";
    const { stdout } = run("env", { env: { OWN: "1" } });
    delete process.env.FAIRWAY_CHILD_TEST;
    const { PATH } = minimalEnvironment();
    const got = stdout.split("\n").filter((line) => !/^(?:PWD|OLDPWD|SHLVL|_)=|^$/.test(line));
    expect(got.toSorted()).toEqual(["LC_ALL=C", "OWN=1", `PATH=${PATH}`]);
  });

  test.each(["/etc/passwd", "/nowhere/at/all"])("%s cannot be started", (path) => {
    expect(() => runChild([path], { timeoutMs: 1000 })).toThrow(path);
  });
});
