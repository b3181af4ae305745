import { describe, expect, test } from "bun:test";
import { minimalEnvironment } from "../../src/ops/child.ts";

const entry = `${import.meta.dir}/../../bin/fairway.ts`;

function prove(...options: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, entry, "prove", ...options],
    { env: minimalEnvironment() },
  );
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("what does not go together is usage, before anything is made", () => {
  test.each([
    [["--list", "--all"], "--list and --all do not go together"],
    [["--all", "--scenario", "limit"], "--all and --scenario do not go together"],
    [["--all", "--wire", "300M"], "--wire does not go with --all"],
    [["--scenario", "limit", "--duration", "3"], "--duration does not go with --scenario"],
    [["--list", "--json"], "--json: --list measures nothing"],
    [["--list", "--thorough", "--html", "x"], "--html, --thorough: --list measures nothing"],
    [["--thorough"], "--thorough goes with --all or --scenario"],
    [["--plugins", "x"], "--plugins goes with --all or --scenario"],
    [["--scenario", "nothing"], 'there is no "nothing"'],
  ] as const)("%j", (options, wanted) => {
    const { exitCode, stderr } = prove(...options);
    expect(stderr).toContain(wanted);
    expect(exitCode).toBe(2);
  });
});

test("--list needs no root and makes nothing", () => {
  const { exitCode, stdout } = prove("--list");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("tcp-flood  (wire 500Mbit/s, 2 pods, about");
});

test.skipIf(process.getuid?.() !== 0)(
  "without the other plugins a chained scenario says so",
  () => {
    const { exitCode, stdout } = prove("--scenario", "chained-ptp");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("chained-ptp was not run: it needs the reference plugins");
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "one scenario, from the pods to the verdict",
  () => {
    const { exitCode, stdout } = prove("--scenario", "refusals", "--json");
    const { verdict, scenarios } = JSON.parse(stdout) as {
      verdict: string;
      scenarios: { name: string; checks: { met: boolean }[] }[];
    };
    expect({ exitCode, verdict }).toEqual({ exitCode: 0, verdict: "passed" });
    expect(scenarios.map(({ name, checks }) => [name, checks.map(({ met }) => met)])).toEqual([
      ["refusals", [true, true, true]],
    ]);
  },
  30_000,
);
