/** overcommit "scale" on a kernel: 400M less a reserve of 20M is what guarantees share. */
import { expect, test } from "bun:test";
import { dumpNode } from "../support/dump.ts";
import { type Ended, type Pod, type TestNode, withNode } from "../support/node.ts";

const scale = { overcommit: "scale" };
const guarantee = (rate: string, more: Record<string, string> = {}) => ({
  annotations: { "fairway.dev/egress-guarantee": rate, ...more },
});

/** Bits per second of the pods' classes on the uplink, by their minors. */
function rates(node: TestNode): Record<string, number> {
  const text = node.run("tc", "-r", "class", "show", "dev", "uplink");
  const units: Record<string, number> = { "": 1, K: 1e3, M: 1e6, G: 1e9 };
  const found = [...text.matchAll(/class htb fa01:([1-9a-f][0-9a-f]+) .* rate (\d+)([KMG]?)bit /g)];
  return Object.fromEntries(
    found.map(([, minor = "", digits, unit = ""]) => [minor, Number(digits) * (units[unit] ?? 0)]),
  );
}

/** HTB holds whole bytes per second, and tc prints whole kbit/s of them. */
const shown = (bits: number): number => Math.floor((Math.floor(bits / 8) * 8) / 1e3) * 1e3;
const sumOf = (node: TestNode): number => Object.values(rates(node)).reduce((a, b) => a + b, 0);

interface Status {
  pods: {
    attachment: string;
    notes: string[];
    egress: { guaranteeBits: number; currentGuaranteeBits: number; currentLimitBits: number };
  }[];
  trees: { promisedBits: number; currentBits: number }[];
}
const statusOf = (node: TestNode): Status =>
  JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as Status;

test("what does not fit shrinks all in proportion, in the kernel and in status, and grows back", () =>
  withNode((node) => {
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    const ofA = guarantee("300M");
    const resultOfA = node.add(a, ofA);
    expect(rates(node)).toEqual({ "10": 300e6 });
    const alone = dumpNode(node.lab.node);

    const resultOfB = node.add(b, guarantee("200M"));
    const [nowA, nowB] = [228e6, 152e6];
    expect(rates(node)).toEqual({ "10": nowA, "11": nowB });
    expect(node.check(a, resultOfA, ofA)).toMatchObject({ code: 0, stdout: "" });
    expect(node.check(b, resultOfB)).toMatchObject({ code: 0, stdout: "" });
    const status = statusOf(node);
    expect(status.pods.map((p) => p.egress)).toMatchObject([
      { guaranteeBits: 300e6, currentGuaranteeBits: nowA },
      { guaranteeBits: 200e6, currentGuaranteeBits: nowB },
    ]);
    expect(status.pods[0]?.notes).toEqual([
      "the egress guarantee (300M) is scaled to 228M: guarantees of 500M share 380M",
    ]);
    expect(status.trees[0]).toMatchObject({ promisedBits: 500e6, currentBits: 380e6 });
    expect(node.fairway("status", "--no-measure", "--wide").stdout).toContain(
      "300Mbit/s, now 228Mbit/s",
    );
    expect(node.fairway("explain").stdout).toContain("nothing to do");

    node.add(c, guarantee("100M"));
    expect(rates(node)).toEqual({
      "10": 190e6,
      "11": shown(126_666_666),
      "12": shown(63_333_333),
    });
    expect(sumOf(node)).toBeLessThanOrEqual(380e6);
    node.del(c);
    expect(rates(node)).toEqual({ "10": nowA, "11": nowB });
    node.del(b);
    expect(dumpNode(node.lab.node)).toBe(alone);
  }, scale));

test("explain shows what an ADD would take of others; a latency target is precedence only while it is scaled", () =>
  withNode((node) => {
    const ofA = guarantee("300M", { "fairway.dev/latency-target": "5ms" });
    const a = node.pod("a");
    const result = node.add(a, ofA);
    const b = node.pod("b");
    const explained = node.fairway(
      ...["explain", "--netns", b.netns, "--annotation", "fairway.dev/egress-guarantee=200M"],
    );
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(
      /tc class change dev uplink .*classid fa01:10 htb rate 28500000bps ceil 28500000bps/,
    );
    expect(explained.stdout).toContain("is scaled to 152M");
    expect(rates(node)).toEqual({ "10": 300e6 });
    node.add(b, guarantee("200M"));
    const text = node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10");
    expect(text).toContain("prio 0 rate 228Mbit ceil 228Mbit");
    expect(node.check(a, result, ofA)).toMatchObject({ code: 0, stdout: "" });
    expect(statusOf(node).pods[0]?.notes.join()).toContain("gives precedence, but is not kept");
    // What explain says of the node is what repair does: a class that is gone comes back as it is in force.
    node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
    expect(node.fairway("repair").code).toBe(0);
    expect(rates(node)).toEqual({ "10": 228e6, "11": 152e6 });
  }, scale));

test("more than the node has for one pod is refused, and changes nothing", () =>
  withNode((node) => {
    node.add(node.pod("a"), guarantee("300M"));
    const before = dumpNode(node.lab.node);
    const refused = node.verb("ADD", node.pod("b"), guarantee("380000001"));
    expect(refused.json).toMatchObject({
      code: 100,
      msg: expect.stringContaining("380.000001M, and 380M is free"),
    });
    expect(dumpNode(node.lab.node)).toBe(before);
  }, scale));

test("an ADD that fails after it took of others gives it back", () =>
  withNode((node) => {
    node.add(node.pod("a"), guarantee("300M"));
    const before = dumpNode(node.lab.node);
    const b = node.pod("b");
    // The interface's name is taken in the pod: found once the row is written and the others are scaled.
    node.run(
      "ip",
      "-n",
      b.namespace,
      "link",
      "add",
      "eth0",
      "type",
      "veth",
      "peer",
      "name",
      "eth9",
    );
    expect(node.verb("ADD", b, guarantee("300M")).json).toMatchObject({ code: 103 });
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(rates(node)).toEqual({ "10": 300e6 });
  }, scale));

test("networks of one node have one way with what does not fit", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    const other = { name: "other", overcommit: "reject", ipam: { subnet: "198.19.2.0/24" } };
    expect(node.verb("ADD", node.pod("b"), { config: other }).json).toMatchObject({
      code: 7,
      msg: expect.stringContaining("overcommit"),
    });
  }, scale));

test(
  "20 ADDs at once, then half of them away, while CHECK of a ready pod goes on: no failure, no drift, the sum within the capacity",
  () =>
    withNode(async (node) => {
      const steady = node.pod("steady");
      const prevResult = node.add(steady, guarantee("300M"));
      const pods = Array.from({ length: 20 }, (_, i) => node.pod(`p${i}`));
      const checks: Ended[] = [];
      let busy = true;
      const checking = async (): Promise<void> => {
        while (busy) checks.push(await node.start("CHECK", steady, { config: { prevResult } }));
      };
      const all = async (verb: string, some: Pod[]): Promise<void> => {
        const waiting = [...some];
        const worker = async (): Promise<void> => {
          for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
            expect(await node.start(verb, pod, guarantee("60M"))).toMatchObject({ code: 0 });
            expect(sumOf(node)).toBeLessThanOrEqual(400e6);
          }
        };
        await Promise.all(Array.from({ length: 5 }, worker));
      };
      const checker = checking();
      try {
        await all("ADD", pods);
        const each = shown(Math.floor((60e6 * 380e6) / 1500e6));
        expect(Object.values(rates(node)).sort((a, b) => b - a)).toEqual([
          76e6,
          ...Array<number>(20).fill(each),
        ]);
        expect(node.fairway("explain").stdout).toContain("nothing to do");
        await all("DEL", pods.slice(0, 10));
      } finally {
        busy = false;
        await checker;
      }
      expect(checks.length).toBeGreaterThan(3);
      expect(checks.filter(({ code }) => code !== 0)).toEqual([]);
      expect(sumOf(node)).toBeLessThanOrEqual(380e6);
      expect(node.fairway("status", "--no-measure").code).toBe(0);
      await all("DEL", pods.slice(10));
      expect(rates(node)).toEqual({ "10": 300e6 });
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }, scale),
  120_000,
);
