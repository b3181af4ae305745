/**
 * The fake kernel is no better than what it refuses. It answers as Linux 6.18 does with iproute2 6.1
 * and nftables 1.0.6, but that HTB takes another parent in a change without a word and does nothing.
 */

import { describe, expect, test } from "bun:test";
import { desiredNode } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import { ipv6SettingNames } from "../../src/plan/kinds/ipv6setting.ts";
import type { KernelObject } from "../../src/plan/state.ts";
import { FakeKernel } from "./fake.ts";
import { Refused } from "./fake-store.ts";
import { inputOf, networkWith, podWith } from "./samples.ts";
import { sysctls } from "./scenario.ts";

const network = networkWith({ masquerade: { subnets: ["10.1.0.0/24"], except: [] } });
const pod = podWith(0x10);
const desired = desiredNode(inputOf([network], [pod]), [pod, podWith(0x11)]);

function made(): FakeKernel {
  const kernel = new FakeKernel(["eth0"], sysctls);
  for (const name of ["c16", "c17"]) kernel.netnses.add(`/run/netns/${name}`);
  for (const step of diff(desired, new Map()).steps) kernel.apply(step);
  return kernel;
}

function object(key: string): KernelObject {
  const found = desired.get(key)?.object;
  if (found === undefined) throw new Error(`no ${key}`);
  return found;
}

const netns = "/run/netns/c16";
const subnetRoute = `kernelroute ${netns} subnet 10.1.0.0/24 eth0`;
const leafClass = object("class eth0 fa01:10") as Extract<KernelObject, { kind: "class" }>;
const queue = object("qdisc eth0 fa01:10") as Extract<KernelObject, { kind: "qdisc" }>;
const htb = object("qdisc eth0 fa00:1") as Extract<KernelObject, { kind: "qdisc" }>;

type Act = (kernel: FakeKernel) => void;

const refusals: [title: string, act: Act, says: RegExp][] = [
  ["a pair whose name is taken", (k) => k.create(object("veth fwv10")), /link fwv10 exists/],
  [
    "a pair whose far name is taken",
    (k) => k.create({ kind: "veth", name: "fwv99", netns, ifname: "eth0" }),
    /eth0 exists in/,
  ],
  [
    "a pair into no namespace",
    (k) => k.create({ kind: "veth", name: "fwv99", netns: "/run/netns/x", ifname: "eth0" }),
    /no namespace/,
  ],
  ["a bridge whose name is taken", (k) => k.create(object("bridge fw0")), /link fw0 exists/],
  [
    "an address on no device",
    (k) => k.create({ kind: "address", netns, dev: "eth9", cidr: "10.1.0.9/24" }),
    /no device eth9/,
  ],
  ["an address twice", (k) => k.create(object(`address ${netns} eth0 10.1.0.2/24`)), /exists/],
  [
    "a route on a device that is down",
    (k) => {
      k.change({ ...object(`podlink ${netns} eth0`), up: false } as KernelObject);
      k.create(object(`route ${netns} 0.0.0.0/0`));
    },
    /is down/,
  ],
  [
    "a route without an address on its way",
    (k) => {
      k.delete(object(`address ${netns} eth0 10.1.0.2/24`));
      k.create(object(`route ${netns} 0.0.0.0/0`));
    },
    /invalid gateway/,
  ],
  [
    "a host end on no bridge that is there",
    (k) => {
      k.delete(object("bridge fw0"));
      k.change(object("port fwv10"));
    },
    /no bridge fw0/,
  ],
  [
    "settings of what is absent",
    (k) => {
      k.delete(object("veth fwv10"));
      k.change(object("port fwv10"));
    },
    /absent/,
  ],
  [
    "the end of what is absent",
    (k) => {
      k.delete(leafClass);
      k.delete(leafClass);
    },
    /absent/,
  ],
  [
    "a class without its HTB",
    (k) => {
      k.delete(htb);
      k.create(object("class eth0 fa01:1"));
    },
    /no qdisc fa01:/,
  ],
  [
    "a class without its parent",
    (k) => k.create({ ...leafClass, classid: "fa01:99", parent: "fa01:98" }),
    /no class fa01:98/,
  ],
  ["a class twice", (k) => k.create(leafClass), /exists/],
  [
    "a class in another place",
    (k) => k.change({ ...leafClass, parent: "root" }),
    /stays where it is/,
  ],
  [
    "the end of a class with another below it",
    (k) => k.delete(object("class eth0 fa01:1")),
    /in use/,
  ],
  [
    "a queue without its class",
    (k) => {
      k.delete(leafClass);
      k.create(queue);
    },
    /no class fa01:10/,
  ],
  [
    "a queue of a class that is no leaf",
    (k) => {
      k.create({ ...leafClass, classid: "fa01:99", parent: "fa01:10" });
      k.create(queue);
    },
    /not a leaf/,
  ],
  [
    "a queue under another's handle",
    (k) => {
      k.delete(queue);
      k.create({ ...queue, handle: "11:" });
    },
    /cannot move/,
  ],
  [
    "another kind under the same handle",
    (k) => {
      k.put({ ...queue, spec: { type: "default", name: "pfifo" } });
      k.create(queue);
    },
    /must match/,
  ],
  ["another handle as a change", (k) => k.change({ ...queue, handle: "77:" }), /NLM_F_REPLACE/],
  [
    "a change of an HTB",
    (k) => k.change({ ...htb, spec: { type: "htb", defaultMinor: 7 } }),
    /not supported/,
  ],
  [
    "an HTB without its TBF",
    (k) => {
      k.delete(object("qdisc eth0 root"));
      k.create(htb);
    },
    /no parent fa00:1/,
  ],
  [
    "a tree on no device",
    (k) => {
      k.delete(object("bridge fw0"));
      k.create(object("qdisc fw0 root"));
    },
    /no device fw0/,
  ],
  [
    "the end of the kernel's own queue",
    (k) => {
      k.delete(object("qdisc eth0 root"));
      k.delete(object("qdisc eth0 root"));
    },
    /handle of zero/,
  ],
  [
    "an element without its table",
    (k) => {
      k.delete(object("ruleset inet fairway"));
      k.create(object("element class4 10.1.0.2"));
    },
    /no set class4/,
  ],
  [
    "an element that overlaps",
    (k) => k.create({ kind: "element", set: "masq4", key: "10.1.0.0/16", value: null }),
    /overlaps 10.1.0.0\/24/,
  ],
  [
    "a rule without a text",
    (k) => {
      const r = object("ruleset inet fairway");
      if (r.kind === "ruleset")
        k.change({ ...r, chains: r.chains.map((c) => ({ ...c, rules: [{ id: "x", text: "" }] })) });
    },
    /is empty/,
  ],
  [
    "a setting that this kernel has not",
    (k) => k.create({ kind: "sysctl", path: "net/x", value: "1" }),
    /absent/,
  ],
];

describe("the fake kernel refuses", () => {
  for (const [title, act, says] of refusals)
    test(title, () => {
      const kernel = made();
      expect(() => act(kernel)).toThrow(Refused);
      expect(() => act(made())).toThrow(says);
    });
});

const settingsOf = (where: string, dev: string): string[] =>
  ipv6SettingNames.map((name) => `ipv6setting ${where} ${dev} ${name}`);

const effects: [title: string, act: Act, gone: string[]][] = [
  [
    "a pair goes with its ends, addresses and routes",
    (k) => k.delete(object("veth fwv10")),
    [
      "veth fwv10",
      "port fwv10",
      `podlink ${netns} eth0`,
      `address ${netns} eth0 10.1.0.2/24`,
      subnetRoute,
      `route ${netns} 0.0.0.0/0`,
      ...settingsOf(netns, "eth0"),
    ],
  ],
  [
    "a class goes with its queue",
    (k) => k.delete(leafClass),
    ["class eth0 fa01:10", "qdisc eth0 fa01:10"],
  ],
  [
    "an HTB goes with all classes and queues",
    (k) => k.delete(htb),
    [
      "qdisc eth0 fa00:1",
      ...["1", "2", "10", "11"].map((m) => `class eth0 fa01:${m}`),
      ...["2", "10", "11"].map((m) => `qdisc eth0 fa01:${m}`),
    ],
  ],
  [
    "a bridge goes with its tree and addresses",
    (k) => k.delete(object("bridge fw0")),
    [
      "bridge fw0",
      "address node fw0 10.1.0.1/24",
      "kernelroute node local 10.1.0.1/32",
      "kernelroute node subnet 10.1.0.0/24",
      "kernelroute node multicast ff00::/8 fw0",
      "sysctl net/ipv4/conf/fw0/forwarding",
      ...settingsOf("node", "fw0"),
      "qdisc fw0 root",
      "qdisc fw0 fa00:1",
      "class fw0 fa01:1",
      ...["10", "11"].flatMap((m) => [`class fw0 fa01:${m}`, `qdisc fw0 fa01:${m}`]),
    ],
  ],
  [
    "a class below a leaf takes the leaf's queue",
    (k) => k.create({ ...leafClass, classid: "fa01:99", parent: "fa01:10" }),
    ["qdisc eth0 fa01:10"],
  ],
  [
    "a link that is down has no routes",
    (k) => k.change({ ...object(`podlink ${netns} eth0`), up: false } as KernelObject),
    [subnetRoute, `route ${netns} 0.0.0.0/0`],
  ],
  [
    "the last address goes with the routes",
    (k) => k.delete(object(`address ${netns} eth0 10.1.0.2/24`)),
    [`address ${netns} eth0 10.1.0.2/24`, subnetRoute, `route ${netns} 0.0.0.0/0`],
  ],
  [
    "a table goes with its elements",
    (k) => k.delete(object("ruleset inet fairway")),
    [
      "ruleset inet fairway",
      "element masq4 10.1.0.0/24",
      "element class4 10.1.0.2",
      "element class4 10.1.0.3",
    ],
  ],
];

describe("in the fake kernel", () => {
  for (const [title, act, gone] of effects)
    test(title, () => {
      const kernel = made();
      const before = new Set(kernel.objects.keys());
      act(kernel);
      expect([...before].filter((key) => !kernel.has(key)).sort()).toEqual([...gone].sort());
    });

  test("a port stays when its bridge goes, on no bridge", () => {
    const kernel = made();
    kernel.delete(object("bridge fw0"));
    expect(kernel.get("port", "fwv10")).toMatchObject({ bridge: null, hairpin: false });
  });

  test("a device without a tree has the kernel's own queue", () => {
    const kernel = made();
    kernel.delete(object("qdisc eth0 root"));
    expect(kernel.get("qdisc", "eth0", "root")?.spec.type).toBe("default");
    expect(kernel.all("class").filter((c) => c.dev === "eth0")).toEqual([]);
  });

  test("a clone goes its own way", () => {
    const kernel = made();
    kernel.clone().delete(object("bridge fw0"));
    expect(kernel.has("bridge fw0")).toBe(true);
  });
});
