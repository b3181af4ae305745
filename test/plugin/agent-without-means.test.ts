/** An agent that lacks something, through a launcher: the verb is done all the same. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { must, run } from "../../src/prove/lab/run.ts";
import { attachmentNames } from "../support/gone.ts";
import { type Launched, withLaunched } from "../support/launched-node.ts";
import type { Pod } from "../support/node.ts";
import { until } from "../support/until.ts";

/** What is promised to come in changes a rule as well. */
const withRule = { annotations: { "fairway.dev/ingress-guarantee": "20M" } };

const limit = (pid: number, what: string, value: number | "unlimited"): void =>
  void must(["prlimit", "--pid", String(pid), `--${what}=${value}:`]);

/** It has the agent again: the verb was not done by a process of its own. */
const served = (launched: Launched, name: string): Promise<void> =>
  until("the agent serves a verb", async () => {
    launched.reasons();
    const { code } = await launched.verb("DEL", launched.node.pod(name));
    return code === 0 && launched.reasons().length === 0;
  });

/** ADD, and then DEL; nothing may be left. */
async function comesAndGoes(launched: Launched, pod: Pod): Promise<void> {
  const before = attachmentNames(launched.node);
  for (const verb of ["ADD", "DEL"])
    expect(await launched.verb(verb, pod, withRule)).toMatchObject({ code: 0 });
  expect(attachmentNames(launched.node)).toEqual(before);
  expect(launched.node.fairway("explain").stdout).toContain("nothing to do");
}

test("descriptors: with any number left no verb fails, and with enough of them it serves again", () =>
  withLaunched(
    async (launched) => {
      const { node, agent } = launched;
      expect((await launched.verb("ADD", node.pod("first"))).code).toBe(0);
      const { pid } = agent;
      const highest = () => Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number));
      for (const spare of [0, 2, 4, 6, 8, 10, 12, 16]) {
        limit(pid, "nofile", highest() + 1 + spare);
        await comesAndGoes(launched, node.pod(`with-${spare}`));
      }
      limit(pid, "nofile", 1024);
      await served(launched, "again");
      expect(agent.pid).toBe(pid);
    },
    { build: "shipped" },
  ));

test("memory: with no more than it has, each verb is done but an ADD in which it dies, and an agent serves again", () =>
  withLaunched(async (launched) => {
    const { node, agent } = launched;
    expect((await launched.verb("ADD", node.pod("first"))).code).toBe(0);
    const { pid } = agent;
    const [, kib] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    limit(pid, "as", Number(kib) * 1024);
    for (let n = 0; agent.counts.started === 1 && n < 200; n++) {
      const pod = node.pod(`p${n}`);
      const added = await launched.verb("ADD", pod);
      if (added.code !== 0)
        expect(added.json).toMatchObject({
          code: 11,
          msg: expect.stringContaining("agent accepted the ADD"),
        });
      expect((await launched.verb("DEL", pod)).code).toBe(0);
    }
    // It may have got along with what it had.
    await agent.serving();
    limit(agent.pid, "as", "unlimited");
    await served(launched, "again");
    expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test("a disk that is full: told as without an agent, and once there is room it is served", () =>
  withLaunched(
    async (launched) => {
      const { node } = launched;
      const pod = node.pod("a");
      const filler = join(node.dataDir, "filler");
      expect(run(["dd", "if=/dev/zero", `of=${filler}`, "bs=4k"]).stderr).toContain(
        "No space left",
      );
      const told = await launched.verb("ADD", pod);
      expect(told.json).toEqual(node.verb("ADD", pod).json);
      expect(told.json).toMatchObject({ code: 111, msg: expect.stringContaining("ledger") });
      rmSync(filler);
      await comesAndGoes(launched, pod);
      await served(launched, "again");
    },
    { dataBytes: 1024 * 1024 },
  ));

/** As many as an agent keeps, and a few more. */
const silent = 300;

test("clients that connect and send nothing: verbs are done meanwhile", () =>
  withLaunched(
    async (launched) => {
      const sockets: Socket[] = [];
      try {
        for (let n = 0; n < silent; n++)
          sockets.push(createConnection(launched.place.socket).on("error", () => {}));
        await comesAndGoes(launched, launched.node.pod("a"));
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      await served(launched, "again");
    },
    { build: "shipped" },
  ));
