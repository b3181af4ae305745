/** What the executable says of itself. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { protocolVersion } from "../../src/agent/protocol.ts";
import { runChild } from "../../src/ops/child.ts";
import { isFairway, versionOf } from "../../src/ops/install/executable.ts";
import { statusSchemaVersion } from "../../src/ops/status/model.ts";
import type { VersionTold } from "../../src/ops/version-command.ts";
import { startAgent } from "../support/agent.ts";
import { binary, prover, repository } from "../support/binary.ts";
import { withNode } from "../support/node.ts";

const asked = (...args: string[]) => runChild([binary, ...args], { timeoutMs: 20_000 });

test("--version tells the version, and which build of it this is", () => {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    version: string;
  };
  const { code, stdout } = asked("--version");
  const [, told, id] = /^(\S+) \(build ([0-9a-f]{12}), linux-x64(?:-musl)?\)\n$/.exec(stdout) ?? [];
  expect({ code, told }).toEqual({ code: 0, told: version });
  expect(versionOf(binary)).toBe(version);
  expect(readFileSync(binary).includes(`"${id}"`)).toBe(true);
});

test("version tells it in lines, and as data", () => {
  const told = JSON.parse(asked("version", "--json").stdout) as VersionTold;
  expect(told.build).toMatch(/^[0-9a-f]{12}$/);
  expect(told).toMatchObject({ agentProtocol: protocolVersion, statusSchema: statusSchemaVersion });
  expect(asked("--version").stdout).toBe(`${told.version} (build ${told.build}, ${told.target})\n`);
  const lines = asked("version").stdout;
  for (const value of Object.values(told)) expect(lines).toContain(`  ${value}\n`);
});

test("an agent tells the same on its page, and when it begins", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    const { version, build, target } = JSON.parse(agent.page("/version")) as Record<string, string>;
    expect(asked("--version").stdout).toBe(`${version} (build ${build}, ${target})\n`);
    expect(JSON.parse(agent.log().split("\n")[0] ?? "")).toMatchObject({ version, build, target });
  }));

test("--licenses prints what of others is in it", () => {
  expect(asked("--licenses")).toEqual({
    code: 0,
    stdout: readFileSync(join(repository, "THIRD-PARTY-NOTICES.txt"), "utf8"),
    stderr: "",
  });
});

test("--licenses is not troubled by a reader that stops", () => {
  const piped = ["sh", "-c", '"$0" --licenses 2>&1 | head -n 1', binary];
  const { stdout } = runChild(piped, { timeoutMs: 20_000 });
  expect(stdout.split("\n")).toEqual([expect.stringMatching(/^Fairway is under/), ""]);
});

test("install knows it by its description, and nothing else by that", () => {
  expect([binary, prover, process.execPath].map(isFairway)).toEqual([true, false, false]);
});
