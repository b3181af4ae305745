/** Launcher, executable and agent are replaced in each order, while pods live and come and go: no verb fails. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { version } from "../../src/ops/version.ts";
import { binary } from "../support/binary.ts";
import { buildOtherVersion, otherVersion } from "../support/other-version.ts";
import { plugin, type SystemdNode, unit, withSystemdNode } from "../support/systemd/node.ts";
import { until } from "../support/until.ts";

const full = "/opt/cni/bin/fairway-full";

let folder = "";
let other = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  other = buildOtherVersion(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Release {
  version: string;
  executable: string;
  launcher: string;
}

const releaseOf = (executable: string, version: string): Release => ({
  ...{ version, executable },
  launcher: join(dirname(executable), `fairway-launcher-${process.arch}`),
});

/** As a package manager does it: beside the old file, and then in its place. */
const replace = (node: SystemdNode, path: string, by: string): void =>
  void node.must("sh", "-c", 'cp "$1" "$0.new" && mv "$0.new" "$0"', path, by);

/** An agent of this release, whatever lies in the executable's place. */
function startAgentOf(node: SystemdNode, { executable }: Release): void {
  const own = `/opt/agents/${executable.replaceAll("/", "-")}`;
  node.must(
    "sh",
    "-c",
    'mkdir -p /opt/agents && { [ -e "$1" ] || cp "$0" "$1"; }',
    executable,
    own,
  );
  const lines = `[Service]\nExecStart=\nExecStart=${own} agent\n`;
  const changes = `/run/systemd/system/${unit}.d`;
  node.must(
    "sh",
    "-c",
    `mkdir -p "$0" && printf '${lines.replaceAll("\n", "\\n")}' >"$0/own.conf"`,
    changes,
  );
  node.must("systemctl", "daemon-reload");
  node.must("systemctl", "restart", unit);
}

const parts = {
  agent: startAgentOf,
  executable: (node: SystemdNode, { executable }: Release) => replace(node, full, executable),
  launcher: (node: SystemdNode, { launcher }: Release) => replace(node, plugin, launcher),
};
type Part = keyof typeof parts;

const orders: Part[][] = [
  ["agent", "executable", "launcher"],
  ["agent", "launcher", "executable"],
  ["executable", "agent", "launcher"],
  ["executable", "launcher", "agent"],
  ["launcher", "agent", "executable"],
  ["launcher", "executable", "agent"],
];

/** Pods that come and go beside each other. */
class Traffic {
  readonly failed: CommandResult[] = [];
  readonly #cycles: number[];
  readonly #running: Promise<unknown>;
  #ends = false;

  constructor(node: SystemdNode, pods: readonly string[]) {
    this.#cycles = pods.map(() => 0);
    this.#running = Promise.all(pods.map((pod, at) => this.#run(node, pod, at)));
  }

  async #run(node: SystemdNode, pod: string, at: number): Promise<void> {
    const succeeds = async (verb: string, config = {}): Promise<string> => {
      const done = await node.start(verb, pod, { config });
      if (done.code !== 0) this.failed.push(done);
      return done.stdout;
    };
    while (!this.#ends && this.failed.length === 0) {
      const prevResult: unknown = JSON.parse(await succeeds("ADD"));
      await succeeds("CHECK", { prevResult });
      await succeeds("DEL");
      this.#cycles[at] = (this.#cycles[at] ?? 0) + 1;
    }
  }

  /** Until each of them has come and gone once more, from its beginning. */
  async goesOn(): Promise<void> {
    const wanted = this.#cycles.map((count) => count + 2);
    await until("pods come and go", () => {
      if (this.failed.length > 0) return true;
      return this.#cycles.every((count, at) => count >= (wanted[at] ?? 0));
    });
    expect(this.failed).toEqual([]);
  }

  async end(): Promise<void> {
    this.#ends = true;
    await this.#running;
    expect(this.failed).toEqual([]);
  }
}

const agentVersion = (node: SystemdNode): unknown =>
  (
    JSON.parse(
      node.must("curl", "-sS", "--unix-socket", "/run/fairway/agent.sock", "http://a/version"),
    ) as { version: unknown }
  ).version;

test(
  "in each order, forth and back",
  () =>
    withSystemdNode(async (node) => {
      const [now, next] = [releaseOf(binary, version), releaseOf(other, otherVersion)];
      expect(node.install("--agent")).toMatchObject({ code: 0 });
      const living = node.addPod("living");
      const added = node.verb("ADD", living);
      expect(added).toMatchObject({ code: 0 });
      const traffic = new Traffic(
        node,
        ["a", "b"].map((name) => node.addPod(name)),
      );
      await traffic.goesOn();
      for (const [at, order] of orders.entries()) {
        const release = at % 2 === 0 ? next : now;
        for (const part of order) {
          parts[part](node, release);
          await traffic.goesOn();
        }
        expect(agentVersion(node)).toBe(release.version);
        expect(node.must(plugin, "--version").trim()).toStartWith(release.version);
        const prevResult: unknown = JSON.parse(added.stdout);
        expect(node.verb("CHECK", living, { config: { prevResult } })).toMatchObject({ code: 0 });
      }
      await traffic.end();
      expect(node.verb("DEL", living)).toMatchObject({ code: 0 });
    }),
  180_000,
);

test(
  "by `install`, to a newer version and back, and the agent off and on",
  () =>
    withSystemdNode(async (node) => {
      expect(node.install("--agent")).toMatchObject({ code: 0 });
      const traffic = new Traffic(
        node,
        ["a", "b"].map((name) => node.addPod(name)),
      );
      await traffic.goesOn();
      for (const [executable, wanted] of [
        [other, otherVersion],
        [binary, version],
      ] as const) {
        expect(node.run([executable, "install"])).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/^replace .*\/fairway-full .*\n(replace .*\n)+start /),
        });
        await traffic.goesOn();
        expect(agentVersion(node)).toBe(wanted);
        expect(readFileSync(node.path(full)).equals(readFileSync(executable))).toBe(true);
      }
      for (const option of ["--no-agent", "--agent"]) {
        expect(node.fairway("install", option)).toMatchObject({ code: 0 });
        await traffic.goesOn();
      }
      await traffic.end();
      expect(node.fairway("uninstall")).toMatchObject({ code: 0 });
    }),
  180_000,
);
