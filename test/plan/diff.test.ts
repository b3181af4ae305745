import { describe, expect, test } from "bun:test";
import { desiredBase, desiredNode, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { type KernelObject, keyOf, type State } from "../../src/plan/state.ts";
import { inputOf, networkWith, podWith } from "./samples.ts";

const network = networkWith({ masquerade: { subnets: ["10.1.0.0/24"], except: [] } });
const input = inputOf([network]);
const pod = podWith(0x10);
const own = desiredPod(pod, network);
const node = desiredNode(input, [pod]);
const nothing: State = new Map();
/** What the pod may send under, in the order of its making. */
const guardKeys = [...own.keys()].filter((key) => /^element (own|podmac|violations)/.test(key));

const told = (steps: Step[]): string[] =>
  steps.map((s) => `${s.op} ${keyOf(s.op === "delete" ? s.have : s.want)}`);

/** `state` with one object in other words, or without it. */
function having(state: State, key: string, keys: object | null): State {
  const entry = state.get(key);
  if (entry === undefined) throw new Error(`no ${key}`);
  const altered = new Map(state);
  if (keys === null) altered.delete(key);
  else altered.set(key, { ...entry, object: { ...entry.object, ...keys } as KernelObject });
  return altered;
}

function withLeftover(state: State, ...objects: KernelObject[]): State {
  return new Map([
    ...objects.map((object) => [keyOf(object), { owner: "base", object }] as const),
    ...state,
  ]);
}

const steps = (desired: State, observed: State): string[] => told(diff(desired, observed).steps);
const whys = (desired: State, observed: State): string[] => [
  ...new Set(diff(desired, observed).steps.map((s) => s.why)),
];

describe("a plan", () => {
  test("between a state and itself is empty", () => {
    expect(diff(node, node)).toEqual({ steps: [], conflicts: [] });
    expect(diff(nothing, nothing)).toEqual({ steps: [], conflicts: [] });
  });

  test("from nothing makes each object after what it stands on", () => {
    expect(steps(desiredBase(input), nothing)).toEqual([
      "create ruleset inet fairway",
      "create ruleset bridge fairway",
      "create element masq4 10.1.0.0/24",
      "create bridge fw0",
      "create ipv6setting node fw0 accept_ra",
      "create sysctl net/ipv4/ip_forward",
      "create sysctl net/bridge/bridge-nf-call-iptables",
      "create sysctl net/bridge/bridge-nf-call-ip6tables",
      "create sysctl net/ipv4/conf/fw0/forwarding",
      "create sysctl net/ipv4/conf/eth0/forwarding",
      "create address node fw0 10.1.0.1/24",
      "create qdisc eth0 root",
      "create qdisc fw0 root",
      "create qdisc eth0 fa00:1",
      "create qdisc fw0 fa00:1",
      "create class eth0 fa01:1",
      "create class fw0 fa01:1",
      "create class eth0 fa01:2",
      "create qdisc eth0 fa01:2",
    ]);
  });

  test("of a pod's end deletes no more than the kernel does not delete by itself", () => {
    const { steps: found } = diff(nothing, own);
    expect(told(found)).toEqual([
      "delete class eth0 fa01:10",
      "delete class fw0 fa01:10",
      "delete veth fwv10",
      "delete element class4 10.1.0.2",
      ...guardKeys.map((key) => `delete ${key}`),
    ]);
    const taken = found.flatMap((s) =>
      s.op === "delete" ? s.takes.map((t) => keyOf(t.object)) : [],
    );
    expect(taken.sort()).toEqual(
      [...own.keys()].filter((key) => !told(found).includes(`delete ${key}`)).sort(),
    );
  });

  test("of a pod's making looks at what it sends before its link can send", () => {
    const made = steps(node, desiredBase(input));
    const at = (text: string): number => made.findIndex((step) => step.startsWith(text));
    for (const key of guardKeys) expect(made).toContain(`create ${key}`);
    const last = Math.max(...guardKeys.map((key) => at(`create ${key}`)));
    for (const later of ["create veth", "create port", "create podlink"])
      expect(at(later)).toBeGreaterThan(last);
  });

  test("of the end of all takes the tables last, and leaves the node's settings", () => {
    expect(steps(nothing, node)).toEqual([
      "delete qdisc eth0 root",
      "delete veth fwv10",
      "delete bridge fw0",
      "delete ruleset inet fairway",
      "delete ruleset bridge fairway",
    ]);
  });
});

interface Row {
  title: string;
  observed: State;
  steps: string[];
  /** The first reason that is given. */
  why: string;
}

const leafQueue = "qdisc eth0 fa01:10";
const leafClass = "class eth0 fa01:10";
const element = "element class4 10.1.0.2";
const route = "route /run/netns/c16 0.0.0.0/0";
const queueOf = (parent: string, handle: string): KernelObject => ({
  kind: "qdisc",
  dev: "eth0",
  parent,
  handle,
  spec: { type: "bfifo", limitBytes: 1 },
});
const leafObject = node.get(leafClass)?.object as Extract<KernelObject, { kind: "class" }>;
const strayClass = (classid: string, parent: string): KernelObject => ({
  ...leafObject,
  classid,
  parent,
});

const rows: Row[] = [
  {
    title: "a setting that can be changed in place",
    observed: having(node, leafClass, { rateBytes: 7 }),
    steps: [`change ${leafClass}`],
    why: "class fa01:10 on eth0: rateBytes is 7, should be 1000",
  },
  {
    title: "a burst beyond what tc rounds",
    observed: having(node, leafClass, { burstTicks: 0 }),
    steps: [`change ${leafClass}`],
    why: "class fa01:10 on eth0: burst is 0 ticks, should be",
  },
  {
    title: "an object that is missing",
    observed: having(node, element, null),
    steps: [`create ${element}`],
    why: "element 10.1.0.2 of class4 is missing",
  },
  {
    title: "an element's value, in one transaction",
    observed: having(node, element, { value: "fa01:2" }),
    steps: [`delete ${element}`, `create ${element}`],
    why: "element 10.1.0.2 of class4: value is fa01:2, should be fa01:10",
  },
  {
    title: "a route that leads elsewhere",
    observed: having(node, route, { gw: null }),
    steps: [`delete ${route}`, `create ${route}`],
    why: "route 0.0.0.0/0 on eth0: gw is none, should be 10.1.0.1",
  },
  {
    title: "a pair whose other end is elsewhere, with all that stood on it",
    observed: having(
      having(node, "veth fwv10", { netns: "elsewhere" }),
      "podlink /run/netns/c16 eth0",
      null,
    ),
    steps: [
      "delete veth fwv10",
      "create veth fwv10",
      "create port fwv10",
      "create podlink /run/netns/c16 eth0",
    ],
    why: "veth pair fwv10 - eth0: netns is elsewhere, should be /run/netns/c16",
  },
  {
    title: "an HTB with another default, with all classes",
    observed: having(node, "qdisc eth0 fa00:1", { spec: { type: "htb", defaultMinor: 0 } }),
    steps: [
      "delete qdisc eth0 fa00:1",
      "create qdisc eth0 fa00:1",
      "create class eth0 fa01:1",
      "create class eth0 fa01:2",
      `create ${leafClass}`,
      "create qdisc eth0 fa01:2",
      `create ${leafQueue}`,
    ],
    why: "qdisc of class fa00:1 on eth0: default class is 0, should be 2",
  },
  {
    title: "a class in another place, with its queue",
    observed: having(node, leafClass, { parent: "root" }),
    steps: [`delete ${leafClass}`, `create ${leafClass}`, `create ${leafQueue}`],
    why: "class fa01:10 on eth0: parent is root, should be fa01:1",
  },
  {
    title: "a root class in another place, with all classes below it",
    observed: withLeftover(
      having(node, "class eth0 fa01:1", { parent: "fa01:ff" }),
      strayClass("fa01:ff", "root"),
    ),
    steps: [
      "delete class eth0 fa01:2",
      `delete ${leafClass}`,
      "delete class eth0 fa01:1",
      "delete class eth0 fa01:ff",
      "create class eth0 fa01:1",
      "create class eth0 fa01:2",
      `create ${leafClass}`,
      "create qdisc eth0 fa01:2",
      `create ${leafQueue}`,
    ],
    why: "class fa01:1 on eth0: parent is fa01:ff, should be root",
  },
  {
    title: "the kernel's own queue, over which ours is put",
    observed: having(node, leafQueue, { handle: "0:", spec: { type: "default", name: "pfifo" } }),
    steps: [`create ${leafQueue}`],
    why: "qdisc of class fa01:10 on eth0: is pfifo, should be bfifo",
  },
  {
    title: "the kernel's own root",
    observed: having(node, "qdisc fw0 root", {
      handle: "8001:",
      spec: { type: "default", name: "fq 8001:" },
    }),
    steps: ["create qdisc fw0 root"],
    why: "root qdisc of fw0: is fq 8001:, should be tbf",
  },
  {
    title: "somebody's queue under our handle",
    observed: having(node, leafQueue, { spec: { type: "default", name: "pfifo" } }),
    steps: [`delete ${leafQueue}`, `create ${leafQueue}`],
    why: "qdisc of class fa01:10 on eth0: is pfifo, should be bfifo",
  },
  {
    title: "our queue under another handle",
    observed: having(node, leafQueue, { handle: "77:" }),
    steps: [`delete ${leafQueue}`, `create ${leafQueue}`],
    why: "qdisc of class fa01:10 on eth0: handle is 77:, should be 10:",
  },
  {
    title: "a leftover that holds a handle which is needed",
    observed: withLeftover(
      having(node, leafQueue, null),
      strayClass("fa01:99", "fa01:1"),
      queueOf("fa01:99", "10:"),
    ),
    steps: ["delete class eth0 fa01:99", `create ${leafQueue}`],
    why: "class fa01:99 on eth0 is nobody's",
  },
  {
    title: "leftovers below a leaf of ours, inside out",
    observed: withLeftover(
      having(node, leafQueue, null),
      strayClass("fa01:98", "fa01:10"),
      strayClass("fa01:99", "fa01:98"),
    ),
    steps: ["delete class eth0 fa01:99", "delete class eth0 fa01:98", `create ${leafQueue}`],
    why: "class fa01:99 on eth0 is nobody's",
  },
  {
    title: "a network that was masqueraded in smaller pieces",
    observed: withLeftover(having(node, "element masq4 10.1.0.0/24", null), {
      kind: "element",
      set: "masq4",
      key: "10.1.0.0/25",
      value: null,
    }),
    steps: ["delete element masq4 10.1.0.0/25", "create element masq4 10.1.0.0/24"],
    why: "element 10.1.0.0/25 of masq4 is nobody's",
  },
  {
    title: "a pair of nobody's",
    observed: withLeftover(node, {
      kind: "veth",
      name: "fwv99",
      netns: "unknown",
      ifname: "unknown",
    }),
    steps: ["delete veth fwv99"],
    why: "veth pair fwv99 is nobody's",
  },
  {
    title: "a set that is missing, with its elements",
    observed: having(having(node, "element masq4 10.1.0.0/24", null), "ruleset inet fairway", {
      sets: [],
    }),
    steps: ["change ruleset inet fairway", "create element masq4 10.1.0.0/24"],
    why: "nftables table inet fairway: map class4 is missing, map class6 is missing, map hostports is missing, set masq4 is missing, set nomasq4 is missing, set masq6 is missing, set nomasq6 is missing",
  },
  {
    title: "a chain that is missing",
    observed: having(node, "ruleset inet fairway", { chains: [] }),
    steps: ["change ruleset inet fairway"],
    why: "nftables table inet fairway: chain classify is missing, chain source-nat is missing, chain host-ingress is missing",
  },
  {
    title: "a setting of the node",
    observed: having(node, "sysctl net/ipv4/ip_forward", { value: "0" }),
    steps: ["change sysctl net/ipv4/ip_forward"],
    why: "sysctl net.ipv4.ip_forward: value is 0, should be 1",
  },
];

describe("what differs", () => {
  for (const { title, observed, steps: expected, why } of rows)
    test(title, () => {
      expect(steps(node, observed)).toEqual(expected);
      expect(whys(node, observed)[0]).toStartWith(why);
    });

  test("is not a set's place in the list, nor a set or chain of somebody else's", () => {
    const ruleset = node.get("ruleset inet fairway")?.object;
    if (ruleset?.kind !== "ruleset") throw new Error("no ruleset");
    const other = { name: "other", type: "filter", hook: "input", priority: 0, rules: [] };
    const sets = [...ruleset.sets].reverse().concat({ name: "other", kind: "set", spec: "" });
    const observed = having(node, "ruleset inet fairway", {
      sets,
      chains: [other, ...ruleset.chains],
    });
    expect(steps(node, observed)).toEqual([]);
  });

  test("is a chain of ours that is not wanted any more", () => {
    const unpoliced = desiredNode(
      inputOf([{ ...network, trees: { ...network.trees, policesHost: false } }]),
      [pod],
    );
    expect(whys(unpoliced, node)).toEqual([
      "nftables table inet fairway: chain host-ingress should not be there",
    ]);
  });

  test("is the whole table against spoofing where nobody wants it, and in one step", () => {
    const open = desiredNode(inputOf([{ ...network, antiSpoof: false }]), []);
    const observed = new Map(
      [...node].filter(([key, { owner }]) => owner === "base" || key.includes("element own")),
    );
    expect(steps(open, observed)).toEqual(["delete ruleset bridge fairway"]);
  });

  test("is told as what it is, where an object goes only because another one does", () => {
    const observed = having(node, "qdisc eth0 fa00:1", { spec: { type: "htb", defaultMinor: 0 } });
    expect(whys(node, observed)).toHaveLength(1);
  });
});

describe("somebody else's", () => {
  const foreign = { handle: "7:", spec: { type: "foreign", name: "htb 7:" } };

  test("root qdisc is a conflict, and no step touches it", () => {
    const { steps: found, conflicts } = diff(node, having(node, "qdisc eth0 root", foreign));
    expect(found).toEqual([]);
    expect(conflicts).toMatchObject([{ owner: "base", have: foreign, want: { handle: "fa00:" } }]);
  });

  test.each([
    ["root qdisc", foreign],
    ["root qdisc of the kernel's own", { handle: "0:", spec: { type: "default", name: "mq 0:" } }],
  ])("%s is no leftover", (_, keys) => {
    const root: State = new Map(
      [["qdisc eth0 root", having(node, "qdisc eth0 root", keys).get("qdisc eth0 root")]].flatMap(
        ([key, entry]) =>
          typeof key === "string" && typeof entry === "object" ? [[key, entry] as const] : [],
      ),
    );
    expect(root.size).toBe(1);
    expect(diff(nothing, root)).toEqual({ steps: [], conflicts: [] });
  });
});
