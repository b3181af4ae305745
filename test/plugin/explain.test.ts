import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

const annotations = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/latency-target": "2ms",
  "kubernetes.io/ingress-bandwidth": "30M",
};
const settings = { ipMasq: true, ipMasqExcept: ["198.18.0.0/15"] };

function explainArguments(node: TestNode): string[] {
  const file = join(node.dataDir, "plugin.json");
  writeFileSync(file, JSON.stringify(node.config));
  return ["explain", "--config", file];
}

const asOptions = Object.entries(annotations).flatMap(([key, value]) => [
  "--annotation",
  `${key}=${value}`,
]);

test("the lines of explain, run by hand, lead to the state that ADD leads to", async () => {
  const states: string[][] = [];
  let lines = "";
  await withNode((node) => {
    const pod = node.pod("a");
    const before = dumpNode(node.lab.node) + dumpPod(pod.namespace);
    const explained = node.fairway(...explainArguments(node), "--netns", pod.netns, ...asOptions);
    expect(explained.code).toBe(0);
    lines = explained.stdout;
    // Nothing was touched: not the kernel, not the disk.
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
    mustInNamespace(node.lab.node, ["sh", "-e"], { stdin: lines });
    states.push([dumpNode(node.lab.node), dumpPod(pod.namespace)]);
  }, settings);
  await withNode((node) => {
    const pod = node.pod("a");
    node.add(pod, { annotations });
    states.push([dumpNode(node.lab.node), dumpPod(pod.namespace)]);
  }, settings);
  // The uplink's own MAC is the only thing that differs by nature.
  const [byHand, byAdd] = states.map((state) =>
    state.map((s) => s.replace(/(uplink:.*\n\s+link\/ether) \S+/, "$1")),
  );
  expect(byHand).toEqual(byAdd as string[]);
  expect(lines).toContain(
    "# egress: guarantee 100Mbit/s, limit 100Mbit/s, burst 25000 bytes, latency target 2ms",
  );
  expect(lines).toContain("capacity 400Mbit/s, reserve 20Mbit/s, free after this 280Mbit/s");
});

test("explain refuses what ADD would refuse, with the same words", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const asked = { "fairway.dev/egress-guarantee": "900M" };
    const explained = node.fairway(
      ...explainArguments(node),
      "--netns",
      pod.netns,
      "--container-id",
      "a",
      "--annotation",
      "fairway.dev/egress-guarantee=900M",
    );
    const added = node.verb("ADD", pod, { annotations: asked });
    expect(explained.code).toBe(1);
    expect(added.code).toBe(1);
    expect(explained.stderr).toContain(String(added.json.msg));
  }));

test("explain of a node tells what repair would do, with exit code 3, and takes the configuration from the ledger", () =>
  withNode((node) => {
    const pod = node.pod("a");
    node.add(pod, { annotations });
    expect(node.fairway("explain")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("nothing to do"),
    });
    node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
    const told = node.fairway("explain");
    expect(told.code).toBe(3);
    expect(told.stdout).toContain(
      "tc class add dev uplink parent fa01:1 classid fa01:10 htb rate 12500000bps",
    );
    // A second pod, explained from what the first ADD recorded.
    const next = node.fairway("explain", "--netns", node.pod("b").netns);
    expect(next.code).toBe(0);
    expect(next.stdout).toContain("198.19.1.3");
    expect(next.stdout).not.toContain("bridge fw0 is missing");
  }, settings));

test("status shows each pod's promise beside the kernel's classes, and drift with exit code 3", () =>
  withNode((node) => {
    const pod = node.pod("a");
    node.add(pod, {
      annotations,
      args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart",
    });
    mustInNamespace(pod.namespace, ["ping", "-c", "3", "-i", "0.01", "198.18.0.2"]);
    const shown = node.fairway("status", "--no-measure", "--wide");
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(
      /shop\/cart +198\.19\.1\.2 +fa01:10 +egress +100Mbit\/s +100Mbit\/s +2ms \(bound \d+us\) +100M\.\.100M +294 B/,
    );
    expect(shown.stdout).toMatch(/ingress +best effort +30Mbit\/s +- +8k\.\.30M/);
    const data = JSON.parse(node.fairway("status", "--json").stdout) as {
      pods: { egress: unknown }[];
      drift: string[];
    };
    expect(data.pods[0]?.egress).toMatchObject({
      guaranteeBits: 100e6,
      limitBits: 100e6,
      kernel: { rateBits: 100e6, bytes: 294, packets: 3 },
    });
    node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
    const drifted = node.fairway("status");
    expect(drifted.code).toBe(3);
    expect(drifted.stdout).toContain("MISSING");
    expect(drifted.stdout).toContain("shop/cart egress: the class is missing");
    expect(node.fairway("status", "--wide").stdout).toContain("class fa01:10 on uplink is missing");
  }));
