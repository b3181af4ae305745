/** What an agent serves comes out as what a process of the verb's own does, in every way that can be seen. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, callOf, startAgent } from "../support/agent.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { attachmentNames } from "../support/gone.ts";
import { type AddOptions, type Ended, type Pod, type TestNode, withNode } from "../support/node.ts";

/** A log line without what differs from run to run. */
const comparable = (stderr: string): unknown[] =>
  stderr
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ ...JSON.parse(line), time: 0, pid: 0, durationMs: 0 }));

const seen = ({ code, stdout, stderr }: Ended) => ({ code, stdout, log: comparable(stderr) });

type Run = (verb: string, pod: Pod, options?: AddOptions) => Ended | Promise<Ended>;

const fixed = { args: "IP=198.19.1.10;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" };

const annotated = (annotations: Record<string, string>): AddOptions => ({ ...fixed, annotations });

const addRows: [title: string, options: AddOptions][] = [
  ["no promise", fixed],
  [
    "guarantees and limits",
    annotated({
      "fairway.dev/egress-guarantee": "20M",
      "fairway.dev/egress-limit": "50M",
      "fairway.dev/ingress-guarantee": "10M",
    }),
  ],
  [
    "a latency target",
    annotated({ "fairway.dev/egress-guarantee": "20M", "fairway.dev/latency-target": "20ms" }),
  ],
  ["an annotation that is no rate", annotated({ "fairway.dev/egress-guarantee": "quick" })],
  ["more than there is", annotated({ "fairway.dev/egress-guarantee": "500M" })],
  ["an unknown key", { ...fixed, config: { brige: "fw0" } }],
  ["a version that is unknown", { ...fixed, config: { cniVersion: "9.9.9" } }],
  ["a version that is old", { ...fixed, config: { cniVersion: "0.3.1" } }],
  ["no container", { ...fixed, env: { CNI_CONTAINERID: "" } }],
  ["an unknown verb", { ...fixed, env: { CNI_COMMAND: "UPDATE" } }],
];

/** The answers to a pod's whole life, and the node's state after each. */
async function life(node: TestNode, run: Run, pod: Pod, options: AddOptions) {
  const states = [];
  for (const verb of ["ADD", "ADD", "CHECK", "DEL", "DEL", "CHECK"]) {
    const prevResult = states[0]?.json;
    const config = verb === "CHECK" ? { ...options.config, prevResult } : options.config;
    const ended = await run(verb, pod, { ...options, ...(config && { config }) });
    const dumps = { node: dumpNode(node.lab.node), pod: dumpPod(pod.namespace) };
    states.push({ ...seen(ended), json: ended.json, ...dumps });
  }
  return states;
}

/** What the agent declines a launcher runs by itself. */
const byLauncher =
  (node: TestNode, agent: Agent): Run =>
  async (verb, pod, options) => {
    const [came] = await agent.ask([callOf(node, verb, pod, options)], "apart");
    return came?.state === "ended"
      ? { ...came, json: came.stdout === "" ? {} : JSON.parse(came.stdout) }
      : node.verb(verb, pod, options);
  };

test(
  "a pod's life is the same with an agent and without",
  () =>
    withNode(
      async (node) => {
        const pod = node.pod("a");
        await using agent = await startAgent(node);
        // The base is there for both.
        node.del(node.pod("b"));
        await agent.verb("ADD", pod, fixed);
        await agent.verb("DEL", pod, fixed);
        for (const [title, options] of addRows) {
          const alone = await life(node, node.verb, pod, options);
          const served = await life(node, byLauncher(node, agent), pod, options);
          expect({ title, states: served }).toEqual({ title, states: alone });
        }
        const counts = JSON.parse(agent.page("/version")).verbs;
        // What has no room is declined twice, and nothing else is but what was too late.
        expect(counts.served + counts.failed).toBe(2 + addRows.length * 6 - 2);
      },
      { logLevel: "info" },
    ),
  60_000,
);

test("an agent makes the base as a process of its own does, and its log goes where it is to go", () =>
  withNode(async (node) => {
    const logFile = join(node.dataDir, "verbs.log");
    await using agent = await startAgent(node);
    expect(existsSync(join(node.dataDir, "ledger.db"))).toBe(false);
    const pod = node.pod("a");
    const config = { logFile, logLevel: "debug" };
    const added = await agent.verb("ADD", pod, { config });
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.check(pod, added.json).code).toBe(0);
    const lines = readFileSync(logFile, "utf8").trim().split("\n");
    const first = lines.length;
    expect(lines.at(-1)).toContain('"verb":"ADD"');
    expect(first).toBeGreaterThan(10);
    // One verb's steps are not told again by the next.
    await agent.verb("CHECK", pod, { config: { ...config, prevResult: added.json } });
    expect(readFileSync(logFile, "utf8").trim().split("\n").length).toBe(first + 1);
    const debug = await agent.verb("DEL", pod, { config: { logLevel: "debug" } });
    expect(comparable(debug.stderr)).toContainEqual(expect.objectContaining({ msg: "step" }));
  }));

test("verbs of an agent and of processes of their own go on from each other", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(a);
    await using agent = await startAgent(node);
    const named = { args: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" };
    const added = await agent.verb("ADD", b, named);
    expect(added.code).toBe(0);
    expect(node.check(b, added.json).code).toBe(0);
    expect((await agent.verb("ADD", a)).json).toMatchObject({ code: 103 });
    expect(node.verb("ADD", b).json).toMatchObject({ code: 103 });
    const config = { prevResult: added.json };
    expect((await agent.verb("CHECK", b, { config })).code).toBe(0);
    expect(node.fairway("set", "shop/web", "egress-guarantee=30M").code).toBe(0);
    expect((await agent.verb("CHECK", b, { config })).code).toBe(0);
    // Drift is seen by whoever looks.
    node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:11");
    expect((await agent.verb("CHECK", b, { config })).json).toMatchObject({ code: 109 });
    expect(node.fairway("repair").code).toBe(0);
    expect((await agent.verb("CHECK", b, { config })).code).toBe(0);
    expect((await agent.verb("DEL", a)).code).toBe(0);
    node.del(b);
    expect(attachmentNames(node)).toEqual([]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test("with FAIRWAY_TRACE of its own it tells where each verb's time went, and of no other verb", () =>
  withNode(
    async (node) => {
      const pod = node.pod("a");
      await using agent = await startAgent(node, { env: { FAIRWAY_TRACE: "1" } });
      const stages = (stderr: string): string[] =>
        comparable(stderr).flatMap((line) => (line as { stage?: string }).stage ?? []);
      const added = stages((await agent.verb("ADD", pod)).stderr);
      expect(added).toEqual(expect.arrayContaining(["ADD", "open ledger", "base"]));
      const removed = stages((await agent.verb("DEL", pod)).stderr);
      expect(removed).toEqual(expect.arrayContaining(["DEL", "open ledger"]));
      expect(removed).not.toContain("ADD");
    },
    { logLevel: "info" },
  ));

test("STATUS, GC and VERSION, and the IPAM plugin for others", () =>
  withNode(
    async (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      await using agent = await startAgent(node);
      for (const pod of [a, b]) expect((await agent.verb("ADD", pod)).code).toBe(0);
      const list = { "cni.dev/valid-attachments": [{ containerID: "a", ifname: "eth0" }] };
      expect(seen(await agent.verb("STATUS", a))).toEqual(seen(node.verb("STATUS", a)));
      expect(seen(await agent.verb("VERSION", a))).toEqual(seen(node.verb("VERSION", a)));
      const gc = await agent.verb("GC", a, { config: list });
      expect(comparable(gc.stderr)).toMatchObject([{ verb: "GC", removed: ["pods/b/eth0"] }]);
      expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
      expect(seen(await agent.verb("GC", a))).toEqual(seen(node.verb("GC", a)));
      expect(node.fairway("explain").stdout).toContain("nothing to do");

      const ipam = { type: "fairway-ipam", subnet: "198.19.7.0/24", dataDir: node.dataDir };
      const call = (verb: string) => ({
        ...callOf(node, verb, a, { config: { name: "others", ipam } }),
        as: "fairway-ipam" as const,
      });
      const [added, again, del] = await agent.ask([call("ADD"), call("ADD"), call("DEL")], "apart");
      expect(added).toMatchObject({ state: "ended", code: 0, stderr: "" });
      expect(added?.state === "ended" && JSON.parse(added.stdout)).toMatchObject({
        ips: [{ address: "198.19.7.2/24" }],
      });
      expect(again).toMatchObject({ state: "ended", code: 1 });
      expect(del).toMatchObject({ state: "ended", code: 0, stdout: "" });
    },
    { cniVersion: "1.1.0", logLevel: "info" },
  ));

test(
  "of 50 ADDs at once each is done once, by the agent or by a process of its own; then 50 DELs",
  () =>
    withNode(async (node) => {
      const pods = Array.from({ length: 50 }, (_, n) => node.pod(`p${n}`));
      await using agent = await startAgent(node);
      const all = async (verb: string) => {
        const came = await agent.ask(pods.map((pod) => callOf(node, verb, pod)));
        return Promise.all(
          came.map((each, n) => {
            if (each.state === "ended") return each;
            // Whoever cannot connect finds nobody.
            expect(["declined", "nobody"]).toContain(each.state);
            return node.start(verb, pods[n] as Pod);
          }),
        );
      };
      const added = await all("ADD");
      expect(added.filter(({ code }) => code !== 0)).toEqual([]);
      const addresses = added.map(({ stdout }) => JSON.parse(stdout).ips[0].address);
      expect(new Set(addresses).size).toBe(50);
      expect(attachmentNames(node).length).toBe(50);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      expect((await all("DEL")).filter(({ code }) => code !== 0)).toEqual([]);
      expect(attachmentNames(node)).toEqual([]);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      expect(JSON.parse(agent.page("/version")).verbs.served).toBeGreaterThan(0);
    }),
  120_000,
);
