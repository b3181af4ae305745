/** What an agent leaves to a process of the verb's own, before anything of it was done. */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { schemaText } from "../../src/ledger/schema-version.ts";
import { tryAtWork } from "../../src/node/verbs/at-work.ts";
import { must } from "../../src/prove/lab/run.ts";
import {
  type Agent,
  type Call,
  type Came,
  callOf,
  startAgent,
  withSharedMounts,
} from "../support/agent.ts";
import { dumpNode } from "../support/dump.ts";
import { attachmentNames } from "../support/gone.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

async function one(agent: Agent, call: Call): Promise<Came | undefined> {
  const [came] = await agent.ask([call]);
  return came;
}

/** The verb is declined, nothing of the node has changed, and a process of its own does it. */
async function declinedAndDone(
  node: TestNode,
  agent: Agent,
  pod: Pod,
  call: Call,
  why: RegExp,
  afterwards: () => void = () => {},
): Promise<void> {
  const before = [dumpNode(node.lab.node), attachmentNames(node)];
  expect(await one(agent, call)).toEqual({
    state: "declined",
    isAccepted: false,
    why: expect.stringMatching(why) as unknown as string,
  });
  expect([dumpNode(node.lab.node), attachmentNames(node)]).toEqual(before);
  afterwards();
  expect(node.verb(call.env.CNI_COMMAND ?? "", pod).code).toBe(0);
}

const ledgerOf = (node: TestNode): string => join(node.dataDir, "ledger.db");

interface World {
  node: TestNode;
  agent: Agent;
  pod: Pod;
}

const withAgent = (use: (world: World) => Promise<void>) =>
  withNode(async (node) => {
    const first = node.pod("first");
    node.add(first);
    await using agent = await startAgent(node);
    await use({ node, agent, pod: node.pod("a") });
  });

test("variables for a process of the verb's own", () =>
  withAgent(async ({ node, agent, pod }) => {
    for (const [name, value] of [
      ["FAIRWAY_TRACE", "1"],
      ["FAIRWAY_BACKEND", "netlink"],
      ["FAIRWAY_FAULT_AT", "3"],
    ] as const) {
      const call = callOf(node, "ADD", pod, { env: { [name]: value } });
      await declinedAndDone(node, agent, pod, call, new RegExp(`^${name} is set`));
      node.del(pod);
    }
  }));

test("addresses that another IPAM plugin gives", () =>
  withAgent(async ({ node, agent, pod }) => {
    for (const verb of ["ADD", "DEL", "CHECK", "STATUS", "GC"]) {
      const call = callOf(node, verb, pod, { config: { ipam: { type: "host-local" } } });
      expect(await one(agent, call)).toMatchObject({ state: "declined", isAccepted: false });
    }
    expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
  }));

test("a ledger that somebody else has locked", () =>
  withAgent(async ({ node, agent, pod }) => {
    for (const verb of ["ADD", "DEL"]) {
      const db = new Database(ledgerOf(node));
      db.run("BEGIN IMMEDIATE");
      const letGo = () => db.close();
      const call = callOf(node, verb, pod);
      await declinedAndDone(node, agent, pod, call, /holds the lock of .*ledger\.db$/, letGo);
    }
    // Now that nobody has it, the agent serves.
    expect((await agent.verb("ADD", pod)).code).toBe(0);
  }));

test("an attachment that somebody else is at work on, and no other", () =>
  withAgent(async ({ node, agent, pod }) => {
    const key = { network: "pods", containerId: pod.containerId, ifname: "eth0" };
    for (const verb of ["ADD", "DEL"]) {
      const own = tryAtWork({ file: ledgerOf(node) }, key);
      expect(own).not.toBeNull();
      expect((await agent.verb(verb, node.pod(`beside-${verb.toLowerCase()}`))).code).toBe(0);
      const call = callOf(node, verb, pod);
      const letGo = () => own?.[Symbol.dispose]();
      await declinedAndDone(
        node,
        agent,
        pod,
        call,
        /at work on the attachment pods\/a\/eth0$/,
        letGo,
      );
    }
  }));

test("no room, which sandboxes that are gone may have", () =>
  withAgent(async ({ node, agent, pod }) => {
    const most = { annotations: { "fairway.dev/egress-guarantee": "300M" } };
    const gone = node.pod("gone");
    expect((await agent.verb("ADD", gone, most)).code).toBe(0);
    node.run("ip", "netns", "del", gone.namespace);
    const before = attachmentNames(node);
    expect(await one(agent, callOf(node, "ADD", pod, most))).toEqual({
      state: "declined",
      isAccepted: true,
      why: "there is no room, unless sandboxes that are gone are freed",
    });
    expect(attachmentNames(node)).toEqual(before);
    const deadlineMs = performance.now() + 10_000;
    while (node.verb("ADD", pod, most).code !== 0 && performance.now() < deadlineMs);
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/first/eth0"]);
  }));

test("a ledger that a newer version wrote", () =>
  withAgent(async ({ node, agent, pod }) => {
    const db = new Database(ledgerOf(node));
    const version = () =>
      (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
    const known = version();
    const newer = (known % 1_000) + 1;
    db.run(`PRAGMA user_version = ${newer}`);
    const came = await one(agent, callOf(node, "ADD", pod));
    expect(came).toMatchObject({
      state: "declined",
      isAccepted: false,
      why: expect.stringContaining(`has schema ${newer}; this fairway knows ${schemaText(known)}`),
    });
    db.run(`PRAGMA user_version = ${known}`);
    db.close();
    expect((await agent.verb("ADD", pod)).code).toBe(0);
  }));

test("a ledger in whose place another file was put is opened anew", () =>
  withAgent(async ({ node, agent, pod }) => {
    expect((await agent.verb("ADD", pod)).code).toBe(0);
    const [file, other] = [ledgerOf(node), join(node.dataDir, "other.db")];
    const db = new Database(file);
    db.run(`VACUUM INTO '${other}'`);
    db.close();
    const copy = new Database(other);
    copy.run("PRAGMA journal_mode = WAL");
    copy.close();
    chmodSync(other, 0o600);
    for (const suffix of ["", "-wal", "-shm"])
      if (existsSync(file + suffix)) renameSync(file + suffix, `${file}.aside${suffix}`);
    renameSync(other, file);
    expect(attachmentNames(node).length).toBe(2);
    expect((await agent.verb("ADD", node.pod("b"))).code).toBe(0);
    expect(attachmentNames(node).length).toBe(3);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test("whoever asks from another node's namespace", () =>
  withAgent(async ({ node, agent, pod }) => {
    await withNode(async (other) => {
      await using elsewhere = {
        ...agent,
        ask: async (calls: Call[]) => {
          const client = join(import.meta.dir, "../support/agent-client-main.ts");
          const argv = [process.execPath, client, agent.socket, "apart"];
          const inside = ["ip", "netns", "exec", other.lab.node, ...argv];
          const done = Bun.spawnSync(inside, { stdin: Buffer.from(JSON.stringify(calls)) });
          return JSON.parse(done.stdout.toString()) as Came[];
        },
        [Symbol.asyncDispose]: async () => {},
      };
      const call = callOf(node, "ADD", pod);
      await declinedAndDone(node, elsewhere, pod, call, /in another network namespace/);
    });
  }));

test("a namespace that is not at its path where the agent is; with the same mounts the agent tells", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    const nowhere = { ...pod, netns: "/run/netns/fwt-nothing" };
    const folder = join(node.dataDir, "mounted");
    mkdirSync(folder);
    const elsewhere = { ...pod, netns: join(folder, "netns") };
    {
      await using apart = await startAgent(node);
      const mount = ["mount", "-t", "tmpfs", "none", folder];
      expect(
        Bun.spawnSync(["nsenter", `--mount=/proc/${apart.pid}/ns/mnt`, ...mount]).exitCode,
      ).toBe(0);
      expect(await one(apart, callOf(node, "ADD", elsewhere))).toEqual({
        state: "declined",
        isAccepted: false,
        why: `whoever asks has other mounts than the agent, and ${elsewhere.netns} does not lead to the same`,
      });
      // There is nothing for either of them.
      expect(await apart.verb("ADD", nowhere)).toMatchObject({ code: 1, json: { code: 8 } });
      expect((await apart.verb("DEL", nowhere)).code).toBe(0);
      // Where all paths lead to the same, other mounts are in nobody's way.
      expect((await apart.verb("ADD", pod)).code).toBe(0);
      expect((await apart.verb("DEL", pod)).code).toBe(0);
    }
    await using beside = await startAgent(node, { enter: withSharedMounts });
    const served = await beside.verb("ADD", nowhere);
    expect(served).toMatchObject({ code: 1, json: { code: 8 } });
    expect(served.stdout).toBe(node.verb("ADD", nowhere).stdout);
    expect((await beside.verb("ADD", pod)).code).toBe(0);
    expect((await beside.verb("DEL", { ...pod, netns: "" })).code).toBe(0);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test("a folder that is open to others is refused as without an agent", () =>
  withAgent(async ({ node, agent, pod }) => {
    mkdirSync(join(node.dataDir, "x"));
    node.run("chmod", "0777", node.dataDir);
    expect(await one(agent, callOf(node, "ADD", pod))).toMatchObject({
      state: "declined",
      why: expect.stringContaining("is writable by everyone"),
    });
    expect(node.verb("ADD", pod).json).toMatchObject({ code: 111 });
    node.run("chmod", "0700", node.dataDir);
    expect((await agent.verb("ADD", pod)).code).toBe(0);
  }));

/** A file system with files that are open is not remounted by hand. It becomes so after an error of the disk. */
function makeReadOnly(folder: string): Disposable {
  must(["mount", "--bind", folder, folder]);
  // What SQLite has open of it is closed later.
  const undo = { [Symbol.dispose]: () => void must(["umount", "--lazy", folder]) };
  must(["mount", "-o", "remount,bind,ro", folder]);
  return undo;
}

test("a data folder that has become read-only is refused as without an agent, and served once it is not", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node, { enter: withSharedMounts });
    expect((await agent.verb("ADD", pod)).code).toBe(0);
    {
      using _readOnly = makeReadOnly(node.dataDir);
      const collect = { "cni.dev/valid-attachments": [], cniVersion: "1.1.0" };
      for (const [verb, config] of [
        ["ADD", {}],
        ["DEL", {}],
        ["GC", collect],
      ] as const) {
        expect(await one(agent, callOf(node, verb, pod, { config }))).toMatchObject({
          state: "declined",
          isAccepted: false,
          why: expect.stringContaining("its file system is read-only"),
        });
        expect(node.verb(verb, pod, { config }).stdout).toMatch(/read-only file system/);
      }
    }
    expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    expect((await agent.verb("DEL", pod)).code).toBe(0);
  }));

test("an agent that was started while the data folder was read-only serves once it is not", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    node.add(pod);
    await using agents = new AsyncDisposableStack();
    let agent: Agent;
    {
      using _readOnly = makeReadOnly(node.dataDir);
      agent = agents.use(await startAgent(node, { enter: withSharedMounts }));
      expect(await one(agent, callOf(node, "DEL", pod))).toMatchObject({ state: "declined" });
    }
    expect((await agent.verb("DEL", pod)).code).toBe(0);
  }));
