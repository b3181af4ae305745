/** The binary as a runtime finds it: no environment, no folder, no descriptors to speak of. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { run } from "../../src/lab/run.ts";
import { binary } from "../support/binary.ts";
import { requestOf, verbEnvironment, withNode } from "../support/node.ts";

test("works with an empty environment but for ip, tc and nft, in /", () =>
  withNode((node) => {
    const tools = join(node.dataDir, "tools");
    mkdirSync(tools);
    for (const tool of ["ip", "tc", "nft"])
      symlinkSync(
        Bun.which(tool, { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" }) ?? "",
        join(tools, tool),
      );
    const pod = node.pod("a");
    const run = (verb: string, over = {}) => {
      const env = Object.entries({ ...verbEnvironment(verb, pod, {}), PATH: tools }).map(
        ([k, v]) => `${k}=${v}`,
      );
      return inNamespace(node.lab.node, ["env", "-i", "-C", "/", ...env, binary], {
        stdin: requestOf(node.config, { config: over }),
      });
    };
    const added = run("ADD");
    expect(added.code).toBe(0);
    const prevResult = JSON.parse(added.stdout) as Record<string, unknown>;
    expect(run("CHECK", { prevResult })).toMatchObject({ code: 0, stdout: "" });
    expect(run("DEL")).toMatchObject({ code: 0, stdout: "" });
  }));

test.each([
  ["closed", "exec 0<&-; exec "],
  ["empty", "exec 0</dev/null; exec "],
])("%s stdin is a clear error", (_, prefix) =>
  withNode((node) => {
    const done = inNamespace(node.lab.node, ["sh", "-c", prefix + binary], {
      env: verbEnvironment("ADD", node.pod("a"), {}),
    });
    expect(done.code).toBe(1);
    expect(JSON.parse(done.stdout)).toMatchObject({
      code: 6,
      msg: expect.stringContaining("no configuration on stdin"),
    });
  }),
);

test("VERSION tells what is supported, in the asked version", () =>
  withNode((node) => {
    const done = inNamespace(node.lab.node, [binary], {
      env: { CNI_COMMAND: "VERSION" },
      stdin: '{"cniVersion":"0.4.0"}',
    });
    expect(JSON.parse(done.stdout)).toEqual({
      cniVersion: "0.4.0",
      supportedVersions: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    });
  }));

test("a line per verb: to the configured file, with the outcome, and never on stdout", () =>
  withNode((node) => {
    const logFile = join(node.dataDir, "fairway.log");
    const pod = node.pod("a");
    const options = { config: { logFile, logLevel: "info" } };
    node.add(pod, options);
    node.verb("ADD", pod, options);
    node.del(pod, options);
    const lines = readFileSync(logFile, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { verb: "ADD", containerId: "a", outcome: "done", leases: ["198.19.1.2"] },
      { verb: "ADD", containerId: "a", outcome: "failed", code: 103 },
      { verb: "DEL", containerId: "a", outcome: "done" },
    ]);
    for (const line of lines) expect(line.durationMs).toBeGreaterThan(0);
    // One that cannot be written fails no pod.
    writeFileSync(join(node.dataDir, "file"), "");
    const added = node.verb("ADD", pod, {
      config: { logFile: join(node.dataDir, "file/no"), logLevel: "info" },
    });
    expect(added.code).toBe(0);
    expect(added.stderr).toContain("no log line could be written");
  }));

test.each([
  ["an unknown command", ["stat"]],
  ["an unknown option", ["status", "--nonsense"]],
  ["an option without its value", ["explain", "--netns"]],
  ["an argument too many", ["repair", "all"]],
])("%s is usage: exit code 2, and stdout stays empty", (_, args) => {
  const done = run([binary, ...args]);
  expect(done).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("error:") });
});
