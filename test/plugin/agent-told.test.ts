/** What `doctor` and `status` tell of an agent on a real node, and of verbs that the launcher kept from it. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../src/ops/doctor/finding.ts";
import type { AgentStatus } from "../../src/ops/status/agent.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { type Agent, startAgent } from "../support/agent.ts";
import { binary, repository } from "../support/binary.ts";
import {
  type AddOptions,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../support/node.ts";

interface Site {
  node: TestNode;
  socket: string;
  /** A verb by a launcher. Returns the exit code. `hasty` is the one that is installed. */
  launch(verb: string, pod: Pod, options?: AddOptions & { hasty?: true }): number | null;
  start(): Promise<Agent>;
  /** "level: found", by the id of those that are about the agent. */
  doctor(): Record<string, string>;
  status(): AgentStatus | null;
}

/** A node with launcher and executable in a folder, as `install` leaves them. */
const withSite = (use: (site: Site) => Promise<void>): Promise<void> =>
  withNode(async (node) => {
    const [binDir, sockets] = [join(node.dataDir, "bin"), join(node.dataDir, "agent")];
    for (const folder of [binDir, sockets]) mkdirSync(folder, { mode: 0o700 });
    const socket = join(sockets, "agent.sock");
    copyFileSync(join(repository, "dist/fairway-launcher-x64"), join(binDir, "fairway"));
    // Its deadlines are missed by no slow machine.
    copyFileSync(join(repository, "dist/test-tools/launcher-patient-x64"), join(binDir, "patient"));
    symlinkSync(binary, join(binDir, "fairway-full"));
    writeFileSync(join(binDir, "agent.socket-path"), `${socket}\n`);
    const places = { binDir, confDir: binDir, confFile: "10-fairway.conflist", foldersMade: [] };
    writeFileSync(join(node.dataDir, "install.json"), JSON.stringify(places));
    const fairway = (...args: string[]) =>
      inNamespace(node.lab.node, [binary, ...args, "--data-dir", node.dataDir]).stdout;
    await use({
      node,
      socket,
      launch: (verb, pod, { hasty, ...options } = {}) =>
        inNamespace(node.lab.node, [join(binDir, hasty ? "fairway" : "patient")], {
          stdin: requestOf(node.config, options),
          env: verbEnvironment(verb, pod, options),
        }).code,
      start: () => startAgent(node, { socket }),
      doctor: () => {
        const { findings } = JSON.parse(fairway("doctor", "--json")) as { findings: Finding[] };
        const own = findings.filter(({ id }) => id.startsWith("agent"));
        return Object.fromEntries(own.map(({ id, level, found }) => [id, `${level}: ${found}`]));
      },
      status: () =>
        (JSON.parse(fairway("status", "--no-measure", "--json")) as { agent: AgentStatus | null })
          .agent,
    });
  });

test("nobody set up an agent: that verbs find none is nothing to tell", () =>
  withSite(async ({ node, launch, doctor, status }) => {
    const pod = node.pod("a");
    expect(launch("ADD", pod)).toBe(0);
    expect(doctor()).toEqual({ agent: expect.stringMatching(/^ok: a launcher is installed/) });
    expect(status()).toBeNull();
    expect(launch("DEL", pod)).toBe(0);
    const record = join(node.dataDir, "fell-back");
    expect(readFileSync(record, "utf8")).toMatch(/^\d+ no-agent ADD \d+\n\d+ no-agent DEL \d+\n$/);
    expect(node.fairway("uninstall").code).toBe(0);
    expect(existsSync(record)).toBe(false);
  }));

test("an agent from its start to its end: served, declined, stopped, killed", () =>
  withSite(async (site) => {
    const { node, socket, launch, doctor, status } = site;
    const pod = node.pod("a");
    {
      await using agent = await site.start();
      expect(launch("ADD", pod)).toBe(0);
      // It is meant for a process of the verb's own.
      expect(launch("DEL", node.pod("b"), { env: { FAIRWAY_TRACE: "1" } })).toBe(0);
      const about = JSON.parse(agent.page("/version")) as { version: string };
      expect(doctor()).toEqual({
        agent: expect.stringMatching(
          new RegExp(`^ok: answers on ${socket}: process ${agent.pid}, since`),
        ),
        "agent.version": `ok: the agent is ${about.version}, protocol 1; this executable is ${about.version}, protocol 1`,
        "agent.verbs": expect.stringMatching(
          /^ok: 1 served, 0 failed, 1 declined, 0 waiting; .*FAIRWAY_TRACE is set/,
        ),
        "agent.fallBacks": expect.stringMatching(/^ok: .*the last hour declined 1/),
      });
      expect(status()).toMatchObject({
        socket,
        state: "answers",
        version: about.version,
        fellBack: [{ reason: "declined", lastHour: 1, lastDay: 1 }],
      });
      agent.kill("SIGSTOP");
      for (let nth = 0; nth < 10; nth++) expect(launch("DEL", pod, { hasty: true })).toBe(0);
      expect(doctor()).toEqual({
        agent: expect.stringMatching(
          new RegExp(`^error: ${socket}: process ${agent.pid}, now T \\(stopped\\), takes`),
        ),
        "agent.fallBacks": expect.stringMatching(/^warn: .*the last hour timeout 10, declined 1/),
      });
      expect(status()?.state).toBe("hung");
    }
    expect(doctor().agent).toMatch(new RegExp(`^warn: none listens on ${socket}`));
    expect(status()).toMatchObject({ state: "stale", version: null });
    const told = node.fairway("status", "--no-measure").stdout;
    expect(told).toMatch(/^NO AGENT at .*: the one that was there has died .*timeout 10/m);
    expect(launch("ADD", pod)).toBe(0);
    expect(doctor()["agent.fallBacks"]).toMatch(/no-agent 1/);
    {
      await using next = await site.start();
      expect(doctor().agent).toMatch(/^ok: answers/);
      next.kill("SIGTERM");
      await next.exited;
    }
    // It has taken its socket away, and there should be one all the same.
    expect(doctor().agent).toMatch(/^warn: none listens/);
    expect(status()?.state).toBe("absent");
  }));

test("an agent of another version than the executable", () =>
  withSite(async ({ node, socket, doctor, status }) => {
    const sources = ["--preload", join(repository, "test/support/other-version-main.ts")];
    const program = [process.execPath, ...sources, join(repository, "bin/fairway.ts")];
    await using _agent = await startAgent(node, { socket, program });
    expect(doctor()).toMatchObject({
      agent: expect.stringMatching(/^ok: answers/),
      "agent.version": expect.stringMatching(/^warn: the agent is 0\.0\.9, .* not the one that is/),
    });
    expect(status()).toMatchObject({ state: "answers", version: "0.0.9" });
  }));

test("what is no agent of root's is not asked", () =>
  withSite(async (site) => {
    const { socket, doctor, status } = site;
    await using _agent = await site.start();
    chownSync(socket, 1234, 0);
    expect(doctor()).toEqual({
      agent: expect.stringMatching(/^error: .*is not asked: it belongs/),
    });
    chownSync(socket, 0, 0);
    chmodSync(join(socket, ".."), 0o777);
    expect(status()?.state).toBe("strange");
  }));
