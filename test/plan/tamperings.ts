/** What somebody might do to a node's objects behind our back. What is not possible is refused. */
import type { TrafficClass } from "../../src/plan/kinds/class.ts";
import { classid, classMap, htbHandle, rootMinor, tbfClass } from "../../src/plan/names.ts";
import type { KernelObject, Qdisc } from "../../src/plan/state.ts";
import type { FakeKernel } from "./fake.ts";
import { refuse } from "./fake-store.ts";

export interface Choices {
  a: number;
  b: number;
  c: number;
}

const rootClass = classid(rootMinor);

function chosen<K extends KernelObject["kind"]>(
  kernel: FakeKernel,
  kind: K,
  choice: number,
): Extract<KernelObject, { kind: K }> {
  const all = kernel.all(kind);
  return all[choice % all.length] ?? refuse(`there is no ${kind}`);
}

function leaf(kernel: FakeKernel, choice: number): TrafficClass {
  const leaves = kernel.all("class").filter((c) => c.parent !== "root");
  return leaves[choice % leaves.length] ?? refuse("no leaf");
}

function queue(kernel: FakeKernel, choice: number): Qdisc {
  const queues = kernel.all("qdisc").filter((q) => q.parent.startsWith(htbHandle));
  return queues[choice % queues.length] ?? refuse("no queue");
}

const dev = (kernel: FakeKernel, choice: number): string =>
  kernel.all("qdisc").filter((q) => q.parent === "root")[choice % 2]?.dev ?? refuse("no device");

function replaceQueue(kernel: FakeKernel, choice: number, keys: Partial<Qdisc>): void {
  const there = queue(kernel, choice);
  const other: Qdisc = { ...there, ...keys };
  if (other.handle === there.handle) kernel.delete(there);
  else if (kernel.all("qdisc").some((q) => q.dev === there.dev && q.handle === other.handle))
    refuse("that handle is in use");
  else kernel.drop(there);
  kernel.put(other);
}

/** Deletes a class and all below it, and says what it was, outside in. */
function uproot(kernel: FakeKernel, top: TrafficClass): TrafficClass[] {
  const below = kernel.all("class").filter((c) => c.dev === top.dev && c.parent === top.classid);
  const found = [top, ...below.flatMap((c) => uproot(kernel, c))];
  kernel.delete(top);
  return found;
}

type Tampering = (kernel: FakeKernel, choices: Choices) => void;

export const tamperings: Record<string, Tampering> = {
  "a class is altered": (k, { a, b }) =>
    k.change({
      ...leaf(k, a),
      rateBytes: 9_000,
      ceilBytes: 90_000,
      burstBytes: 1_700 + b,
      cburstBytes: 2_000,
      prio: 3,
    }),
  "a root class is altered": (k, { a, b }) => {
    const found = k.get("class", dev(k, a), rootClass) ?? refuse("none");
    k.change({
      ...found,
      rateBytes: 1e6,
      ceilBytes: 1e6,
      burstBytes: 5_000 + b,
      cburstBytes: 5_000,
    });
  },
  "a class goes": (k, { a }) => k.delete(leaf(k, a)),
  "a class is moved to the root": (k, { a }) => {
    const found = leaf(k, a);
    k.delete(found);
    k.create({ ...found, parent: "root", burstBytes: 9_999, cburstBytes: 9_999 });
  },
  "a class is moved below another": (k, { a, b }) => {
    const [found, other] = [leaf(k, a), leaf(k, b)];
    if (found.dev !== other.dev || found === other) refuse("not on one device");
    k.delete(found);
    k.create({ ...found, parent: other.classid, burstBytes: 9_999, cburstBytes: 9_999 });
  },
  "the root class gets one above it": (k, { a }) => {
    const found = k.get("class", dev(k, a), rootClass) ?? refuse("none");
    const all = uproot(k, found);
    const above = classid(0xfff);
    k.create({ ...found, classid: above, burstBytes: 9_999, cburstBytes: 9_999 });
    for (const c of all)
      k.create({
        ...c,
        parent: c === found ? above : c.parent,
        burstBytes: 9_999,
        cburstBytes: 9_999,
      });
  },
  "a class of nobody's": (k, { a, b }) => {
    const found = leaf(k, a);
    k.create({
      ...found,
      classid: classid(0xf00 + b),
      parent: rootClass,
      burstBytes: 9_999,
      cburstBytes: 9_999,
    });
    k.put({
      kind: "qdisc",
      dev: found.dev,
      parent: classid(0xf00 + b),
      handle: `${(0xf00 + b).toString(16)}:`,
      spec: { type: "bfifo", limitBytes: 5_000 },
    });
  },
  "a class of nobody's below one of ours": (k, { a, b }) => {
    const found = leaf(k, a);
    k.create({
      ...found,
      classid: classid(0xd00 + b),
      parent: found.classid,
      burstBytes: 9_999,
      cburstBytes: 9_999,
    });
  },
  "a queue goes": (k, { a }) => k.delete(queue(k, a)),
  "a queue is altered": (k, { a, b }) =>
    k.change({ ...queue(k, a), spec: { type: "bfifo", limitBytes: 1_000 + b } }),
  "a queue of another kind": (k, { a }) =>
    replaceQueue(k, a, { handle: "8001:", spec: { type: "default", name: "pfifo" } }),
  "a queue of another kind under our handle": (k, { a }) =>
    replaceQueue(k, a, { spec: { type: "default", name: "pfifo" } }),
  "a queue under another handle": (k, { a, b }) =>
    replaceQueue(k, a, { handle: `${(0x7000 + b).toString(16)}:` }),
  "two queues change handles": (k, { a, b }) => {
    const [one, other] = [queue(k, a), queue(k, b)];
    if (one.dev !== other.dev) refuse("not on one device");
    k.put({ ...one, handle: other.handle });
    k.put({ ...other, handle: one.handle });
  },
  "the HTB goes": (k, { a }) => k.delete(k.get("qdisc", dev(k, a), tbfClass) ?? refuse("none")),
  "the HTB has another default": (k, { a, b }) => {
    const found = k.get("qdisc", dev(k, a), tbfClass) ?? refuse("none");
    k.delete(found);
    k.create({ ...found, spec: { type: "htb", defaultMinor: 100 + b } });
  },
  "the HTB has another handle": (k, { a }) => {
    const found = k.get("qdisc", dev(k, a), tbfClass) ?? refuse("none");
    k.delete(found);
    k.create({ ...found, handle: "5:" });
  },
  "another queue is in the HTB's place": (k, { a }) => {
    const found = k.get("qdisc", dev(k, a), tbfClass) ?? refuse("none");
    k.delete(found);
    k.create({ ...found, spec: { type: "bfifo", limitBytes: 9_000 } });
  },
  "the TBF is altered": (k, { a, b }) => {
    const found = k.get("qdisc", dev(k, a), "root") ?? refuse("none");
    k.change({
      ...found,
      spec: {
        type: "tbf",
        rateBytes: 1e6 + b,
        burstBytes: 9_000,
        burstTicks: 0,
        limitBytes: 9_000,
      },
    });
  },
  "a tree goes": (k, { a }) => k.delete(k.get("qdisc", dev(k, a), "root") ?? refuse("none")),
  "the bridge goes": (k, { a }) => k.delete(chosen(k, "bridge", a)),
  "the bridge is altered": (k, { a }) =>
    k.change({
      ...chosen(k, "bridge", a),
      mac: "02:00:00:00:00:01",
      mtuBytes: 1300,
      up: a % 2 === 0,
    }),
  "a pair goes": (k, { a }) => k.delete(chosen(k, "veth", a)),
  "a pod's end has another name": (k, { a }) => {
    const veth = chosen(k, "veth", a);
    const link = k.get("podlink", veth.netns, veth.ifname) ?? refuse("none");
    // Only what is down can be renamed, and its routes go with it.
    k.change({ ...link, up: false });
    const of = (x: { netns: string | null; dev: string }) =>
      x.netns === veth.netns && x.dev === veth.ifname;
    const renamed = [...k.all("address"), ...k.all("ipv6setting")].filter(of);
    k.drop(link, ...renamed);
    k.put({ ...veth, ifname: "net9" });
    k.put({ ...link, name: "net9", up: false });
    for (const each of renamed) k.put({ ...each, dev: "net9" });
  },
  "a pair of nobody's": (k, { a, b }) => {
    const name = `fwv${(0xe00 + b).toString(16)}`;
    k.netnses.add("/run/netns/stray");
    k.create({ kind: "veth", name, netns: "/run/netns/stray", ifname: `s${b}` });
    k.change({
      kind: "port",
      name,
      mac: "02:00:00:00:00:02",
      mtuBytes: 1500,
      bridge: chosen(k, "bridge", a).name,
      hairpin: false,
      groupForwardMask: 0,
      up: true,
    });
  },
  "a host end is altered": (k, { a, b }) =>
    k.change({
      ...chosen(k, "port", a),
      mac: "02:00:00:00:00:03",
      mtuBytes: 1300 + b,
      up: b % 2 === 0,
      hairpin: false,
    }),
  "a host end leaves the bridge": (k, { a }) =>
    k.change({ ...chosen(k, "port", a), bridge: null, hairpin: false }),
  "a pod's end is altered": (k, { a, b }) =>
    k.change({
      ...chosen(k, "podlink", a),
      mac: "02:00:00:00:00:04",
      mtuBytes: 1300 + b,
      gsoMaxBytes: 65_536,
      up: b % 2 === 0,
    }),
  "an address goes": (k, { a }) => k.delete(chosen(k, "address", a)),
  "a route of the kernel's own goes": (k, { a }) => k.delete(chosen(k, "kernelroute", a)),
  "another stands in the place of a route of the kernel's own": (k, { a }) =>
    k.change({ ...chosen(k, "kernelroute", a), type: "blackhole", dev: null, source: null }),
  "an end is not as it was made": (k, { a, b }) => {
    const kinds = [
      ["bridge", "vlan_filtering 1"],
      ["port", "isolated on, learning off"],
      ["podlink", "arp off"],
    ] as const;
    const [kind, unusual] = kinds[b % kinds.length] ?? kinds[0];
    k.change({ ...chosen(k, kind, a), unusual });
  },
  "a route goes": (k, { a }) => k.delete(chosen(k, "route", a)),
  "a route leads elsewhere": (k, { a }) => {
    const found = chosen(k, "route", a);
    k.delete(found);
    k.create({ ...found, gw: found.gw?.replace(/\d+$/, "99") ?? null });
  },
  "a route is altered": (k, { a, b }) => {
    const found = chosen(k, "route", a);
    k.delete(found);
    k.create({ ...found, mtuBytes: 1300 + b, advmssBytes: 1200 });
  },
  "an IPv6 setting is altered": (k, { a, b }) => {
    const found = chosen(k, "ipv6setting", a + b);
    k.change({ ...found, value: String(b % 3) });
  },
  "the table goes": (k, { a }) => k.delete(chosen(k, "ruleset", a)),
  "a chain goes": (k, { a, b }) => {
    const found = chosen(k, "ruleset", a);
    k.put({ ...found, chains: found.chains.filter((_, i) => i !== b % found.chains.length) });
  },
  "a chain of somebody else's": (k, { a }) => {
    const found = chosen(k, "ruleset", a);
    const other = { name: "other", type: "filter", hook: "input", priority: 0, rules: [] };
    k.put({ ...found, chains: [other, ...found.chains.filter((c) => c.name !== "other")] });
  },
  "a rule is added": (k, { a, b }) => {
    const found = chosen(k, "ruleset", a);
    const rule = { id: "a rule of somebody else's", text: "accept" };
    const change = (i: number) => i === b % found.chains.length;
    k.put({
      ...found,
      chains: found.chains.map((c, i) => (change(i) ? { ...c, rules: [rule, ...c.rules] } : c)),
    });
  },
  "a set goes": (k, { a, b }) => {
    const found = chosen(k, "ruleset", a);
    const set = found.sets[b % found.sets.length] ?? refuse("none");
    // nft deletes no set that a rule speaks of.
    k.put({ ...found, chains: [], sets: found.sets.filter((s) => s !== set) });
    k.drop(...k.all("element").filter((e) => e.set === set.name));
  },
  "an element goes": (k, { a, b }) => k.delete(chosen(k, "element", a + b)),
  "an element has another value": (k, { a, b }) => {
    const ofMaps = k.all("element").filter(({ set }) => Object.values(classMap).includes(set));
    const found = ofMaps[(a + b) % ofMaps.length] ?? refuse("the maps are empty");
    k.put({ ...found, value: classid(0x2) });
  },
  "an element of nobody's": (k, { b }) =>
    k.create({ kind: "element", set: classMap[4], key: `10.9.${b % 256}.9`, value: classid(0x99) }),
  "the uplink's GSO size is altered": (k, { a, b }) =>
    k.change({ ...chosen(k, "hostlink", a), gsoMaxBytes: 1_500 + b }),
  "a setting of the node is altered": (k, { a }) =>
    k.change({ ...chosen(k, "sysctl", a), value: "0" }),
};
