/** Bursts of all latency pods, chosen together, on a kernel: 950M of a wire of 1 Gbit/s are to be given. */
import { expect, test } from "bun:test";
import { Random } from "../node/model/random.ts";
import { dumpNode } from "../support/dump.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";

const gigabit = {
  uplink: {
    name: "uplink",
    egressCapacity: "1G",
    ingressCapacity: "1G",
    reserve: "5%",
    gsoMaxSize: 65_536,
  },
};

const withTarget = (
  guarantee: string,
  target: string,
  more: Record<string, string> = {},
): AddOptions => ({
  annotations: {
    "fairway.dev/egress-guarantee": guarantee,
    "fairway.dev/latency-target": target,
    ...more,
  },
});
const fast = withTarget("300M", "6ms");

/** Bytes that the classes of these pods may send at once, by the kernel; whole microseconds of them. */
function bursts(node: TestNode, ...minors: string[]): number[] {
  return minors.map((minor) => {
    const text = node.run("tc", "-r", "class", "show", "dev", "uplink", "classid", `fa01:${minor}`);
    const [, size] = /ceil \S+ burst (\d+)b/.exec(text) ?? [];
    if (size === undefined) throw new Error(`no burst in ${text}`);
    return Number(size);
  });
}

/** tc prints what fits into the ticks that the kernel keeps: a few bytes less than was given. */
function expectBursts(node: TestNode, wanted: Record<string, number>): void {
  const found = bursts(node, ...Object.keys(wanted));
  for (const [at, bytes] of Object.values(wanted).entries())
    expect(Math.abs((found[at] ?? 0) - bytes)).toBeLessThanOrEqual(50);
}

const alone = 187_500;
const two = 150_000;
const three = 46_875;

const inOrder = (node: TestNode): void =>
  expect(node.fairway("explain").stdout).toContain("nothing to do");

test("three pods of 300M at 6 ms, in three orders among others: all are admitted, with the same bursts, and grow back", () =>
  withNode((node) => {
    const names = ["a", "b", "c", "plain", "guaranteed"] as const;
    const pods = new Map(names.map((name) => [name, node.pod(name)]));
    const podOf = (name: string): Pod => pods.get(name as "a") ?? node.pod(name);
    const ofName = (name: string): AddOptions => {
      if (name === "plain") return {};
      if (name === "guaranteed") return { annotations: { "fairway.dev/egress-guarantee": "40M" } };
      return fast;
    };
    const random = new Random(34);
    for (let round = 0; round < 3; round++) {
      const order = random.shuffled(names);
      const results = order.map((name) => {
        const result = node.add(podOf(name), ofName(name));
        inOrder(node);
        return [name, result] as const;
      });
      const status = JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as {
        pods: {
          attachment: string;
          classid: string;
          latencyTargetUs: number | null;
          boundUs: number;
          egress: { currentBurstBytes: number | null };
        }[];
      };
      for (const pod of status.pods.filter((p) => p.latencyTargetUs !== null)) {
        expect(pod.egress.currentBurstBytes).toBe(three);
        expect(pod.boundUs).toBeLessThanOrEqual(6_000);
        expectBursts(node, { [pod.classid.split(":")[1] ?? ""]: three });
      }
      for (const [name, result] of results)
        expect(node.check(podOf(name), result, ofName(name))).toMatchObject({
          code: 0,
          stdout: "",
        });
      const minors = new Map(
        status.pods.map((p) => [p.attachment.split("/")[1], p.classid.split(":")[1] ?? ""]),
      );
      const minorOf = (name: string): string => minors.get(name) ?? "";
      node.del(podOf("b"));
      expectBursts(node, { [minorOf("a")]: two, [minorOf("c")]: two });
      inOrder(node);
      node.del(podOf("plain"));
      node.del(podOf("a"));
      expectBursts(node, { [minorOf("c")]: alone });
      inOrder(node);
      node.del(podOf("guaranteed"));
      node.del(podOf("c"));
    }
  }, gigabit));

test("CHECK sees a class that has not what is in force, and repair gives it", () =>
  withNode((node) => {
    const a = node.pod("a");
    const result = node.add(a, fast);
    node.add(node.pod("b"), fast);
    expectBursts(node, { "10": two, "11": two });
    // What it had before the other came.
    const change = `class change dev uplink parent fa01:1 classid fa01:10 htb rate 300mbit ceil 300mbit burst ${alone}b cburst ${alone}b quantum 65536 prio 0`;
    node.run("tc", ...change.split(" "));
    expect(node.check(a, result, fast).json.msg).toMatch(/fa01:10.*burst is/);
    expect(node.fairway("repair").code).toBe(0);
    expect(node.check(a, result, fast).code).toBe(0);
    expectBursts(node, { "10": two, "11": two });
  }, gigabit));

test("a burst that the pod asks for is kept beside all others, which have less, or it is refused", () =>
  withNode((node) => {
    const own = withTarget("300M", "6ms", { "fairway.dev/egress-burst": "120000" });
    const a = node.pod("a");
    const result = node.add(a, own);
    expectBursts(node, { "10": 120_000 });
    node.add(node.pod("b"), fast);
    expectBursts(node, { "10": 120_000, "11": alone });
    const before = dumpNode(node.lab.node);
    const much = withTarget("300M", "6ms", { "fairway.dev/egress-burst": "100000" });
    const refused = node.verb("ADD", node.pod("c"), much).json;
    expect(refused.code).toBe(100);
    expect(refused.details).toContain("Its burst of 100000 bytes is part of it");
    expect(dumpNode(node.lab.node)).toBe(before);
    node.add(node.pod("d"), fast);
    const [first = 0, second = 0, third = 0] = bursts(node, "10", "11", "12");
    expect(first).toBeGreaterThan(119_950);
    expect(second).toBe(third);
    expect(second).toBeLessThan(three);
    expect(node.check(a, result, own)).toMatchObject({ code: 0, stdout: "" });
  }, gigabit));

test("what a refusal names for another pod's target is admitted, and a bit more is not", () =>
  withNode(
    (node) => {
      node.add(node.pod("a"), withTarget("100M", "600us"));
      const b = node.pod("b");
      const refused = node.verb("ADD", b, withTarget("800M", "100ms")).json;
      expect(refused.code).toBe(100);
      const [, most = "", least = ""] =
        /guarantee of at most (\S+) with a latency target of at least (\S+)$/.exec(
          String(refused.msg),
        ) ?? [];
      const bits = Number(most.replace("M", "")) * 1e6;
      const beyond = node.verb("ADD", b, withTarget(String(Math.round(bits + 1)), least)).json;
      expect(String(beyond.msg)).toContain(`at most ${most}`);
      expect(node.verb("ADD", b, withTarget(most, least)).code).toBe(0);
      inOrder(node);
    },
    { uplink: { ...gigabit.uplink, gsoMaxSize: 9_000 } },
  ));

test("`set` and `set-capacity` change the others' bursts with what they change, and back", () =>
  withNode((node) => {
    const named = (name: string) => `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`;
    node.add(node.pod("a"), { ...fast, args: named("a") });
    node.add(node.pod("b"), { args: named("b") });
    expectBursts(node, { "10": alone });
    const before = dumpNode(node.lab.node);
    const done = node.fairway("set", "shop/b", "egress-guarantee=300M", "latency-target=6ms");
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(`burst ${two} bytes`) });
    expectBursts(node, { "10": two, "11": two });
    inOrder(node);
    expect(node.fairway("set", "shop/b", "--reset").code).toBe(0);
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(node.fairway("set-capacity", "--egress", "320M").stderr).toBe("");
    const [less = alone] = bursts(node, "10");
    expect(less).toBeLessThan(alone);
    inOrder(node);
    expect(node.fairway("set-capacity", "--reset").stderr).toBe("");
    expect(dumpNode(node.lab.node)).toBe(before);
  }, gigabit));

test("an ADD that fails after it took of others' bursts gives it back", () =>
  withNode((node) => {
    node.add(node.pod("a"), fast);
    const before = dumpNode(node.lab.node);
    const b = node.pod("b");
    // The interface's name is taken in the pod: found once the row is written and the others have less.
    const taken = ["link", "add", "eth0", "type", "veth", "peer", "name", "eth9"];
    node.run("ip", "-n", b.namespace, ...taken);
    expect(node.verb("ADD", b, fast).json).toMatchObject({ code: 103 });
    expect(dumpNode(node.lab.node)).toBe(before);
    expectBursts(node, { "10": alone });
  }, gigabit));

test("explain shows what an ADD would take of others' bursts, and touches nothing", () =>
  withNode((node) => {
    node.add(node.pod("a"), fast);
    const before = dumpNode(node.lab.node);
    const pairs = Object.entries(fast.annotations ?? {});
    const told = node.fairway(
      ...["explain", "--netns", node.pod("b").netns],
      ...pairs.flatMap(([key, value]) => ["--annotation", `${key}=${value}`]),
    ).stdout;
    expect(told).toMatch(new RegExp(`tc class change dev uplink .*fa01:10 .*burst ${two}b`));
    expect(told).toContain(`(own burst ${two} B + other latency pods ${two + 5_000} B`);
    expect(dumpNode(node.lab.node)).toBe(before);
  }, gigabit));

test(
  "twelve ADDs at once, then half of them away, while CHECK of a ready pod goes on: no failure, no drift",
  () =>
    withNode(async (node) => {
      const small = withTarget("50M", "8ms");
      const steady = node.pod("steady");
      const prevResult = node.add(steady, small);
      const pods = Array.from({ length: 12 }, (_, n) => node.pod(`p${n}`));
      const checks: number[] = [];
      let busy = true;
      const checking = async (): Promise<void> => {
        while (busy)
          checks.push((await node.start("CHECK", steady, { config: { prevResult } })).code ?? -1);
      };
      const all = async (verb: string, some: readonly Pod[]): Promise<void> => {
        const waiting = [...some];
        const worker = async (): Promise<void> => {
          for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
            expect(await node.start(verb, pod, small)).toMatchObject({ code: 0 });
        };
        await Promise.all(Array.from({ length: 4 }, worker));
      };
      const checker = checking();
      try {
        await all("ADD", pods);
        inOrder(node);
        await all("DEL", pods.slice(0, 6));
      } finally {
        busy = false;
        await checker;
      }
      expect(checks.length).toBeGreaterThan(3);
      expect(checks.filter((code) => code !== 0)).toEqual([]);
      inOrder(node);
      await all("DEL", pods.slice(6));
      inOrder(node);
    }, gigabit),
  120_000,
);
