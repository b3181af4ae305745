/** The binary as a runtime finds it: no environment, no folder, no descriptors to speak of. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { run } from "../../src/prove/lab/run.ts";
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
  }));

type Lines = Record<string, unknown>[];

const linesOf = (file: string): Lines =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("logs", () => {
  const unwritable: [string, (folder: string) => string, RegExp][] = [
    [
      "a folder that is a file",
      (d) => {
        writeFileSync(`${d}/file`, "");
        return `${d}/file/no`;
      },
      /ENOTDIR/,
    ],
    ["a folder", (d) => d, /EISDIR/],
    ["a full disk", () => "/dev/full", /ENOSPC/],
    [
      "a pipe that nobody reads",
      (d) => {
        run(["mkfifo", `${d}/pipe`]);
        return `${d}/pipe`;
      },
      /ENXIO|neither a file/,
    ],
    [
      "a link, which may lead to what is not a log",
      (d) => {
        writeFileSync(`${d}/victim`, "theirs");
        symlinkSync(`${d}/victim`, `${d}/link`);
        return `${d}/link`;
      },
      /ELOOP/,
    ],
  ];
  test.each(unwritable)("%s: told on stderr, and the pod starts", (_, fileIn, says) =>
    withNode((node) => {
      const logFile = fileIn(node.dataDir);
      const pod = node.pod("a");
      for (const logLevel of ["info", "debug"]) {
        const added = node.verb("ADD", pod, { config: { logFile, logLevel } });
        expect(added.code).toBe(0);
        expect(added.stderr).toMatch(says);
        expect(added.stderr).toContain("no log line could be written");
        node.del(pod);
      }
      const victim = join(node.dataDir, "victim");
      if (existsSync(victim)) expect(readFileSync(victim, "utf8")).toBe("theirs");
    }),
  );

  test("stderr that is closed or full fails no pod, either", () =>
    withNode((node) => {
      const pod = node.pod("a");
      for (const redirect of ["2>&-", "2>/dev/full"]) {
        const done = inNamespace(node.lab.node, ["sh", "-c", `exec ${binary} ${redirect}`], {
          env: verbEnvironment("ADD", pod, {}),
          stdin: requestOf(node.config, { config: { logLevel: "debug" } }),
        });
        expect(done.code).toBe(0);
        node.del(pod);
      }
    }));

  test("a file that was rotated away is made anew, for its owner alone", () =>
    withNode((node) => {
      const logFile = join(node.dataDir, "fairway.log");
      const options = { config: { logFile, logLevel: "info" } };
      const pod = node.pod("a");
      node.add(pod, options);
      renameSync(logFile, `${logFile}.1`);
      node.del(pod, options);
      expect(linesOf(`${logFile}.1`)).toMatchObject([{ verb: "ADD" }]);
      expect(linesOf(logFile)).toMatchObject([{ verb: "DEL" }]);
      expect(statSync(logFile).mode & 0o777).toBe(0o600);
    }));

  test("debug: each step as a command, with the kernel's answer; the one that failed with its reason", () =>
    withNode((node) => {
      const logFile = join(node.dataDir, "fairway.log");
      const options = { config: { logFile, logLevel: "debug" } };
      node.add(node.pod("a"), options);
      const steps = linesOf(logFile).filter(({ msg }) => msg === "step");
      expect(steps.length).toBeGreaterThan(20);
      for (const step of steps) {
        expect(step).toMatchObject({ level: 20, verb: "ADD", containerId: "a" });
        // The first ADD asks on a device of its own what the kernel offers.
        if (!String(step.command).includes("fwprobe")) expect(step.answer).toBe("done");
      }
      const commands = steps.map(({ command }) => String(command));
      expect(commands.join("\n")).toMatch(/tc class \w+ dev uplink .*classid fa01:10/);
      rmSync(logFile);
      const tools = join(node.dataDir, "tools");
      mkdirSync(tools);
      const script =
        "#!/bin/sh\necho 'Error: Made up.' >&2; echo 'Command failed -:99' >&2; exit 1\n";
      writeFileSync(join(tools, "tc"), script, { mode: 0o755 });
      const env = { PATH: tools, FAIRWAY_BACKEND: "exec" };
      const refused = node.verb("ADD", node.pod("b"), { ...options, env });
      expect(refused.json).toMatchObject({ code: 110 });
      const answers = linesOf(logFile).flatMap(({ command, answer }) =>
        String(command).startsWith("tc ") ? [answer] : [],
      );
      // It names a line that it was not given.
      expect(answers).toContain("Error: Made up.");
      expect(node.run("ip", "link", "show")).not.toContain("fwv11");
    }));

  test("info: the arithmetic of a refusal, and of what was granted", () =>
    withNode((node) => {
      const logFile = join(node.dataDir, "fairway.log");
      const config = { logFile, logLevel: "info" };
      const annotations = { "fairway.dev/egress-guarantee": "300M" };
      node.add(node.pod("a"), { config, annotations });
      node.verb("ADD", node.pod("b"), { config, annotations });
      expect(linesOf(logFile)).toMatchObject([
        { outcome: "done", promise: { egress: { guaranteeBits: 300_000_000, limitBits: null } } },
        {
          outcome: "failed",
          code: 100,
          msg: expect.stringMatching(
            /asks for .*300M, and 80M is free: capacity 400M, reserve 20M, guaranteed 300M to others/,
          ),
        },
      ]);
    }));

  test("no secret, and no annotation but our own, is in a log, an error or the ledger", () =>
    withNode((node) => {
      const logFile = join(node.dataDir, "fairway.log");
      const secret = "s3cr3t-t0ken";
      const foreign = { "example.com/token": secret, "fairway.dev/egress-limit": "50M" };
      const config = { logFile, logLevel: "debug" };
      const args = `IgnoreUnknown=1;K8S_POD_NAME=web;TOKEN=${secret}`;
      const env = { AWS_SECRET_ACCESS_KEY: secret };
      const runtimeConfig = { other: { password: secret } };
      const options = { annotations: foreign, config, args, env, runtimeConfig };
      const [a, b] = [node.pod("a"), node.pod("b")];
      const said = [
        node.verb("ADD", a, options),
        node.verb("ADD", a, options),
        node.verb("ADD", b, {
          ...options,
          annotations: { ...foreign, "fairway.dev/tier": "gold" },
        }),
        node.verb("ADD", b, { ...options, config: { ...config, typo: secret } }),
        node.verb("CHECK", a, options),
        node.verb("DEL", b, options),
      ].map(({ stdout, stderr }) => stdout + stderr);
      const files = ["ledger.db", "ledger.db-wal", "fairway.log"]
        .map((name) => join(node.dataDir, name))
        .filter(existsSync)
        .map((file) => readFileSync(file, "latin1"));
      for (const text of [
        ...said,
        ...files,
        node.fairway("status", "--no-measure", "--json").stdout,
      ])
        expect(text).not.toContain(secret);
    }));
});

test.each([
  ["an unknown command", ["stat"]],
  ["an unknown option", ["status", "--nonsense"]],
  ["an option without its value", ["explain", "--netns"]],
  ["an argument too many", ["repair", "all"]],
])("%s is usage: exit code 2, and stdout stays empty", (_, args) => {
  const done = run([binary, ...args]);
  expect(done).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("error:") });
});
