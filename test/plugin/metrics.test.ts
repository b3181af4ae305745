/** What an agent tells a monitor over its socket. */
import { expect, test } from "bun:test";
import type { described } from "../../src/metrics/described.ts";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { asNobody, openToAll, socketIn, startAgent } from "../support/agent.ts";
import { seriesIn, valueIn } from "../support/exposition.ts";
import { type Pod, withNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const promise = { "fairway.dev/egress-guarantee": "80M", "fairway.dev/egress-limit": "160M" };
const named = (name: string, annotations: Record<string, string> = promise) => ({
  annotations,
  args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`,
});
const egress = { namespace: "shop", direction: "egress" };
/** Three packets in each direction, through the pod's classes. */
const pinged = ({ namespace }: Pod): string =>
  mustInNamespace(namespace, ["ping", "-c3", "-i0.1", "-W1", addresses.remote]);

test("pods, trees, verbs, the ledger and the build; a series ends with its pod", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    await using agent = await startAgent(node);
    for (const [pod, name] of [
      [a, "a"],
      [b, "b"],
    ] as const)
      expect((await agent.verb("ADD", pod, named(name))).code).toBe(0);
    pinged(a);
    const text = agent.page("/metrics");
    const of = (name: keyof typeof described, labels = {}) => valueIn(text, name, labels);
    const ofA = { ...egress, pod: "a" };
    expect(of("fairway_pod_guarantee_bytes_per_second", ofA)).toBe(10e6);
    expect(of("fairway_pod_limit_bytes_per_second", ofA)).toBe(20e6);
    expect(of("fairway_pod_guarantee_bytes_per_second", { ...ofA, direction: "ingress" })).toBe(0);
    expect(of("fairway_pod_limit_bytes_per_second", { ...ofA, direction: "ingress" })).toBeNull();
    expect(of("fairway_pod_bytes_total", { ...ofA, direction: "ingress" })).toBeGreaterThan(0);
    for (const direction of ["egress", "ingress"]) {
      expect(of("fairway_tree_capacity_bytes_per_second", { direction })).toBe(50e6);
      expect(of("fairway_tree_reserve_bytes_per_second", { direction })).toBe(2.5e6);
    }
    expect(of("fairway_tree_promised_bytes_per_second", { direction: "egress" })).toBe(20e6);
    expect(of("fairway_tree_left_bytes_per_second", { direction: "egress" })).toBe(27.5e6);
    expect(of("fairway_ledger_attachments", { phase: "ready" })).toBe(2);
    expect(of("fairway_ledger_size_bytes")).toBeGreaterThan(4_096);
    expect(of("fairway_pool_addresses", { network: "pods", set: "0" })).toBe(253);
    expect(of("fairway_pool_addresses_given", { network: "pods", set: "0" })).toBe(2);
    const duration = "fairway_verb_duration_seconds";
    expect(valueIn(text, `${duration}_count`, { verb: "ADD", way: "agent" })).toBe(2);
    expect(of("fairway_build_info")).toBe(1);
    const labels = new Set(seriesIn(text).flatMap((each) => Object.keys(each.labels)));
    expect([...labels].filter((label) => /addr|container|class|mac|^ip$/.test(label))).toEqual([]);

    expect((await agent.verb("DEL", a)).code).toBe(0);
    const after = seriesIn(agent.page("/metrics"));
    expect(after.filter((each) => each.labels.pod === "a")).toEqual([]);
    expect(after.some((each) => each.labels.pod === "b")).toBe(true);
  }));

test("an empty node has no pods, and says so without an error", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    const text = agent.page("/metrics");
    expect(valueIn(text, "fairway_build_info")).toBe(1);
    expect(text).not.toContain("fairway_pod_bytes_total{");
  }));

test("OpenMetrics by Accept", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    const accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    const answer = node.run(
      ...["curl", "-sS", "-i", "--unix-socket", agent.socket, "-H", accept, "http://a/metrics"],
    );
    expect(answer).toContain("Content-Type: application/openmetrics-text; version=1.0.0");
    expect(answer).toEndWith("# EOF\n");
  }));

test("by namespaces, no pod is named", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node, { options: ["--metrics", "namespaces"] });
    await agent.verb("ADD", pod, named("a"));
    const text = agent.page("/metrics");
    expect(valueIn(text, "fairway_pod_guarantee_bytes_per_second", egress)).toBe(10e6);
    expect(text).not.toContain('pod="a"');
  }));

test("drift counts, found and repaired, by its kind; totals go on after the agent's restart", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    {
      await using agent = await startAgent(node);
      await agent.verb("ADD", pod, named("a"));
      await until("it is ready", () => agent.page("/readyz") === "ok\n");
      node.run("ip", "link", "set", "fw0", "mtu", "1400");
      const repaired = () =>
        valueIn(agent.page("/metrics"), "fairway_drift_repaired_total", { kind: "bridge" });
      await until("it is repaired", () => (repaired() ?? 0) > 0);
      const found = { kind: "bridge" };
      expect(valueIn(agent.page("/metrics"), "fairway_drift_found_total", found)).toBe(repaired());
      pinged(pod);
    }
    await using again = await startAgent(node);
    const labels = { pod: "a", direction: "ingress" };
    expect(valueIn(again.page("/metrics"), "fairway_pod_packets_total", labels)).toBeGreaterThan(2);
  }));

test("whoever can connect and is not root gets no metrics", () =>
  withNode(async (node) => {
    const socket = socketIn(node);
    await using _agent = await startAgent(node, { socket });
    openToAll(node);
    const asked = ["curl", "-sS", "-i", "--unix-socket", socket, "http://agent/metrics"];
    expect(node.run(...asNobody, ...asked)).toMatch(
      /^HTTP\/1\.1 403 .*uid 65534 asked for the metrics, and only root may\n$/s,
    );
  }));

test("a reader that takes nothing keeps nobody waiting, and is left", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node);
    const slow = ["curl", "-sS", "--unix-socket", agent.socket, "--limit-rate", "64"];
    const readers = Array.from({ length: 3 }, () =>
      Bun.spawn(["ip", "netns", "exec", node.lab.node, ...slow, "http://agent/metrics"], {
        stdout: "ignore",
        stderr: "ignore",
      }),
    );
    try {
      expect((await agent.verb("ADD", pod, named("a"))).code).toBe(0);
      expect(agent.page("/metrics")).toContain('pod="a"');
    } finally {
      for (const reader of readers) reader.kill("SIGKILL");
      await Promise.all(readers.map((reader) => reader.exited));
    }
  }));

test("a scrape while the agent ends is whole, or is none", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    const asked = ["curl", "-sS", "--unix-socket", agent.socket, "http://agent/metrics"];
    const scrapes = Array.from({ length: 8 }, () =>
      Bun.spawn(["ip", "netns", "exec", node.lab.node, ...asked], {
        stdout: "pipe",
        stderr: "ignore",
      }),
    );
    agent.kill("SIGTERM");
    for (const scrape of scrapes) {
      const [text, code] = await Promise.all([new Response(scrape.stdout).text(), scrape.exited]);
      if (code === 0) expect(text).toContain("fairway_agent_start_time_seconds ");
    }
    expect(await agent.exited).toBe(0);
  }));
