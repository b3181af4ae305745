/** The plugin that is shipped cannot be told to fail: that is the other build's (src/effect.ts). */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { binary, repository } from "../support/binary.ts";

/** What src/faults.ts reads from the environment. */
const variables = [
  ...readFileSync(join(repository, "src/faults.ts"), "utf8").matchAll(/"(FAIRWAY_FAULT_\w+)"/g),
].map(([, name]) => name ?? "");

test("the switch that makes effects fail has no trace in it", () => {
  const built = readFileSync(binary);
  expect(variables).toHaveLength(4);
  for (const name of [...variables, "refused-for-good"]) expect(built.includes(name)).toBe(false);
  // Names of its own are found this way.
  expect(built.includes("CNI_CONTAINERID")).toBe(true);
});

test("with the switch set it does what it does without", () => {
  const run = (env: Record<string, string>) => {
    const done = Bun.spawnSync([binary], {
      stdin: Buffer.from(JSON.stringify({ cniVersion: "1.0.0" })),
      env: { CNI_COMMAND: "VERSION", ...env },
    });
    return { code: done.exitCode, stdout: done.stdout.toString() };
  };
  const set = { FAIRWAY_FAULT_AT: "1", FAIRWAY_FAULT_AS: "kill-before" };
  expect(run(set)).toEqual(run({}));
  expect(run({}).code).toBe(0);
});

test("an answer that nobody takes is told in words, and is a failure", () => {
  const done = Bun.spawnSync(["sh", "-c", `exec ${binary} >/dev/full`], {
    stdin: Buffer.from(JSON.stringify({ cniVersion: "1.0.0" })),
    env: { CNI_COMMAND: "VERSION", PATH: "/usr/bin:/bin" },
  });
  expect(done.exitCode).toBe(1);
  expect(done.stderr.toString()).toMatch(
    /^fairway: the answer could not be printed: .*ENOSPC.*\n$/,
  );
});
