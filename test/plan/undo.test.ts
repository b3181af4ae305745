import { describe, expect, test } from "bun:test";
import { desiredBase, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { linesOf } from "../../src/plan/render.ts";
import { type KernelObject, keyOf, stateOf } from "../../src/plan/state.ts";
import { inverse, undo } from "../../src/plan/undo.ts";
import { inputOf, networkWith, podWith } from "./samples.ts";

const network = networkWith();
const base = desiredBase(inputOf([network]));
const pod = desiredPod(podWith(0x10), network);
const told = (steps: Step[]): string[] =>
  steps.map((s) => `${s.op} ${keyOf(s.op === "delete" ? s.have : s.want)}`);
const common = { owner: "base", why: "a test" };

describe("the way back", () => {
  test("from nothing is nothing", () => {
    expect(undo([])).toEqual([]);
  });

  test("from a pod's making is its end, inside out, without what goes by itself", () => {
    const elements = [...pod.keys()].filter((key) => key.startsWith("element ")).reverse();
    expect(elements.length).toBeGreaterThan(1);
    expect(told(undo(diff(pod, new Map()).steps))).toEqual([
      "delete class fw0 fa01:10",
      "delete class eth0 fa01:10",
      "delete veth fwv10",
      ...elements.map((key) => `delete ${key}`),
    ]);
  });

  test("from the base's making is its end", () => {
    expect(told(undo(diff(base, new Map()).steps))).toEqual([
      "delete qdisc eth0 root",
      "delete sysctl net/ipv4/conf/eth0/forwarding",
      "delete sysctl net/bridge/bridge-nf-call-ip6tables",
      "delete sysctl net/bridge/bridge-nf-call-iptables",
      "delete sysctl net/ipv4/ip_forward",
      "delete bridge fw0",
      "delete ruleset bridge fairway",
      "delete ruleset inet fairway",
    ]);
  });

  test("from a pod's end makes it again, and each object after what it stands on", () => {
    const back = undo(diff(new Map(), pod).steps);
    expect(new Set(back.map((s) => s.op))).toEqual(new Set(["create"]));
    expect(told(back).sort()).toEqual([...pod.keys()].map((key) => `create ${key}`).sort());
    const place = (key: string): number => told(back).indexOf(`create ${key}`);
    expect(place("veth fwv10")).toBeLessThan(place("podlink /run/netns/c16 eth0"));
    expect(place("podlink /run/netns/c16 eth0")).toBeLessThan(
      place("address /run/netns/c16 eth0 10.1.0.2/24"),
    );
    expect(place("address /run/netns/c16 eth0 10.1.0.2/24")).toBeLessThan(
      place("route /run/netns/c16 0.0.0.0/0"),
    );
    expect(place("class eth0 fa01:10")).toBeLessThan(place("qdisc eth0 fa01:10"));
  });

  test("from a change is the change back", () => {
    const want: KernelObject = { kind: "sysctl", path: "p", value: "1" };
    const have: KernelObject = { ...want, value: "0" };
    expect(inverse({ ...common, op: "change", want, have })).toEqual([
      { owner: "base", op: "change", want: have, have: want, why: "rolled back" },
    ]);
  });
});

describe("what was seen and cannot be made", () => {
  const remove = (have: KernelObject, takes: KernelObject[] = []): Step => ({
    ...common,
    op: "delete",
    want: null,
    have,
    takes: takes.map((object) => ({ owner: "base", object })),
  });
  const address: KernelObject = {
    kind: "address",
    netns: "/run/netns/a",
    dev: "eth0",
    cidr: "10.1.0.2/24",
  };
  const ruleset = base.get("ruleset inet fairway")?.object;
  if (ruleset?.kind !== "ruleset") throw new Error("no ruleset");
  const seen: KernelObject = {
    ...ruleset,
    sets: ruleset.sets.map((s) => ({ ...s, spec: "" })),
    chains: ruleset.chains.map((c) => ({ ...c, rules: c.rules.map((r) => ({ ...r, text: "" })) })),
  };

  test.each<[string, Step]>([
    [
      "a pair whose far end is elsewhere, and what stood on it",
      remove({ kind: "veth", name: "fwv10", netns: "elsewhere", ifname: "eth0" }, [address]),
    ],
    [
      "a pair of nobody's",
      remove({ kind: "veth", name: "fwv10", netns: "unknown", ifname: "unknown" }),
    ],
    ["other people's rules", { ...common, op: "change", want: ruleset, have: seen }],
    ["a table whose text was not read", remove(seen)],
    [
      "a queue of unknown settings",
      remove({
        kind: "qdisc",
        dev: "eth0",
        parent: "fa01:10",
        handle: "10:",
        spec: { type: "default", name: "pfifo" },
      }),
    ],
  ])("is not: %s", (_, step) => {
    expect(inverse(step)).toEqual([]);
  });

  test("our own table can be", () => {
    expect(told(inverse(remove(ruleset)))).toEqual(["create ruleset inet fairway"]);
  });

  test("a class can be, without the queue that cannot", () => {
    const leaf = pod.get("class eth0 fa01:10")?.object;
    const queue: KernelObject = {
      kind: "qdisc",
      dev: "eth0",
      parent: "fa01:10",
      handle: "7:",
      spec: { type: "default", name: "pfifo" },
    };
    if (leaf === undefined) throw new Error("no leaf");
    expect(told(inverse(remove(leaf, [queue])))).toEqual(["create class eth0 fa01:10"]);
  });

  test("every line of a way back is whole", () => {
    const all = stateOf([...base.values(), ...pod.values()]);
    const plans = [diff(all, new Map()), diff(new Map(), all)];
    for (const { steps } of plans)
      for (const { text } of undo(steps).flatMap(linesOf))
        expect(text).not.toMatch(/undefined|NaN| $|\{ {2}\}/);
  });
});
