import { expect, test } from "bun:test";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

const guarantee = (rate: string) => ({ annotations: { "fairway.dev/egress-guarantee": rate } });
const root = (node: TestNode, dev: string): string =>
  node.run("tc", "qdisc", "show", "dev", dev, "root");

test("the trees and all pods follow a capacity that is set, later ADDs keep to it, and --reset goes back", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const result = node.add(a, guarantee("100M"));
    const before = dumpNode(node.lab.node) + dumpPod(a.namespace);
    const done = node.fairway("set-capacity", "--egress", "200M");
    expect(done.stderr).toBe("");
    expect(root(node, "uplink")).toContain("rate 200Mbit");
    expect(root(node, "fw0")).toContain("rate 400Mbit");
    expect(node.check(a, result).stdout).toBe("");
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    const refused = node.verb("ADD", b, guarantee("150M"));
    expect(String(refused.json.msg)).toContain("capacity 200M");
    // The configuration's key is not in force, so that to raise it would change nothing.
    expect(String(refused.json.details)).toContain("take back what was set (`--egress -`)");
    expect(String(refused.json.details)).not.toContain("uplink.egressCapacity");
    node.add(b, guarantee("50M"));
    expect(root(node, "uplink")).toContain("rate 200Mbit");
    expect(node.check(a, result).stdout).toBe("");
    node.del(b);
    expect(node.fairway("set-capacity", "--reset").code).toBe(0);
    expect(dumpNode(node.lab.node) + dumpPod(a.namespace)).toBe(before);
  }));

test("guarantees that no longer fit are told, and in force in proportion", () =>
  withNode((node) => {
    const a = node.pod("a");
    const result = node.add(a, guarantee("300M"));
    const done = node.fairway("set-capacity", "--egress", "250M", "--ingress", "250M");
    expect(done.code).toBe(0);
    expect(done.stdout).toContain("NO LONGER FITS: egress: 300Mbit/s are guaranteed");
    expect(node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10")).toContain(
      "rate 237500Kbit",
    );
    expect(node.fairway("status", "--no-measure").stdout).toContain("NO LONGER FITS");
    expect(node.check(a, result).stdout).toBe("");
    expect(node.verb("ADD", node.pod("b"), guarantee("1M")).json).toMatchObject({ code: 100 });
  }));

test("a configuration with another capacity is followed by the next ADD, for all pods", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const result = node.add(a, guarantee("100M"));
    const uplink = {
      name: "uplink",
      egressCapacity: "300M",
      ingressCapacity: "300M",
      gsoMaxSize: 9000,
    };
    const later = node.add(b, { config: { uplink } });
    expect(root(node, "uplink")).toContain("rate 300Mbit");
    for (const [pod, prev] of [
      [a, result],
      [b, later],
    ] as const)
      expect(node.check(pod, prev, { config: { uplink } }).stdout).toBe("");
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

interface Outcome {
  dryRun: boolean;
  changed: boolean;
  capacities: { direction: string; setBits: number | null; configuredBits: number | null }[];
  steps: unknown[];
}
const outcomeOf = (node: TestNode, ...words: string[]): Outcome =>
  JSON.parse(node.fairway("set-capacity", ...words, "--json").stdout) as Outcome;

test("a dry run changes nothing; one direction is taken back alone; status and doctor tell what is set", () =>
  withNode((node) => {
    node.add(node.pod("a"), guarantee("100M"));
    const before = dumpNode(node.lab.node);
    const tried = outcomeOf(node, "--egress", "200M", "--ingress", "300M", "--dry-run");
    expect(tried).toMatchObject({
      dryRun: true,
      changed: true,
      capacities: [
        { direction: "egress", setBits: 200e6, configuredBits: 400e6 },
        { direction: "ingress", setBits: 300e6, configuredBits: 400e6 },
      ],
    });
    expect(tried.steps.length).toBeGreaterThan(0);
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(node.fairway("status", "--no-measure").stdout).not.toContain("CAPACITY SET");
    const done = outcomeOf(node, "--egress", "200M", "--ingress", "300M");
    expect(done).toEqual({ ...tried, dryRun: false });
    expect(node.fairway("status", "--no-measure").stdout).toContain(
      "CAPACITY SET: egress: 200Mbit/s, set with `fairway set-capacity`, until --egress -, --reset or the next boot; without it 400Mbit/s, as configured (uplink.egressCapacity)",
    );
    const doctor = node.fairway("doctor").stdout;
    expect(doctor).toContain("200Mbit/s, set with `fairway set-capacity` until the next boot");
    // The trees are as they were set: nothing waits for the next ADD.
    expect(doctor).not.toContain("uplink.recorded");
    expect(outcomeOf(node, "--egress", "-").capacities).toMatchObject([
      { setBits: null },
      { setBits: 300e6 },
    ]);
    expect(root(node, "uplink")).toContain("rate 400Mbit");
    expect(root(node, "fw0")).toContain("rate 300Mbit");
    expect(outcomeOf(node, "--reset").changed).toBe(true);
    expect(outcomeOf(node, "--reset")).toMatchObject({ changed: false, steps: [] });
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test.each([
  ["nothing", []],
  ["both", ["--reset", "--egress", "1G"]],
  ["no rate", ["--egress", "10Q"]],
])("%s is refused, and nothing changes", (_, words) =>
  withNode((node) => {
    node.add(node.pod("a"));
    const before = dumpNode(node.lab.node);
    expect(node.fairway("set-capacity", ...words)).toMatchObject({ code: 2 });
    expect(dumpNode(node.lab.node)).toBe(before);
  }),
);
