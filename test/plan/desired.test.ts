import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { desiredBase, desiredNode, desiredPod, treesOf } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import type { TrafficClass } from "../../src/plan/kinds/class.ts";
import * as names from "../../src/plan/names.ts";
import {
  type Attachment,
  type Direction,
  directions,
  type PodPromise,
} from "../../src/plan/node.ts";
import { leafShape, podGsoMaxBytes } from "../../src/plan/shape.ts";
import { type KernelObject, keyOf, type State } from "../../src/plan/state.ts";
import { admit } from "../../src/promise/admission.ts";
import { type Holder, hostRateBits, treeOf } from "../../src/promise/capacity.ts";
import { inputOf, networkWith, podWith, promiseWith, trees } from "./samples.ts";

function of<K extends KernelObject["kind"]>(
  state: State,
  kind: K,
): Extract<KernelObject, { kind: K }>[] {
  return [...state.values()]
    .map(({ object }) => object)
    .filter((o): o is Extract<KernelObject, { kind: K }> => o.kind === kind);
}

const keys = (state: State): string[] => [...state.keys()].sort();
const elements = (state: State): string[] =>
  of(state, "element").map(({ set, key, value }) => `${set} ${key} ${value}`);

describe("the base", () => {
  const base = desiredBase(inputOf([networkWith()]));

  test("of no network is nothing", () => {
    expect(desiredBase(inputOf([])).size).toBe(0);
  });

  test("is a bridge, the node's settings, a table and two trees", () => {
    expect(keys(base)).toEqual(
      [
        "bridge fw0",
        "ipv6setting node fw0 accept_ra",
        "sysctl net/ipv4/conf/eth0/forwarding",
        "sysctl net/ipv4/conf/fw0/forwarding",
        "kernelroute node local 10.1.0.1/32",
        "kernelroute node subnet 10.1.0.0/24",
        "sysctl net/ipv4/ip_forward",
        "sysctl net/bridge/bridge-nf-call-iptables",
        "sysctl net/bridge/bridge-nf-call-ip6tables",
        "address node fw0 10.1.0.1/24",
        "ruleset inet fairway",
        "ruleset bridge fairway",
        ...["eth0", "fw0"].flatMap((dev) => [
          `qdisc ${dev} root`,
          `qdisc ${dev} fa00:1`,
          `class ${dev} fa01:1`,
        ]),
        "class eth0 fa01:2",
        "qdisc eth0 fa01:2",
      ].sort(),
    );
    for (const { owner } of base.values()) expect(owner).toBe("base");
  });

  test("has a class for the host where the host's traffic passes, and that is the default", () => {
    const htb = (dev: string) =>
      of(base, "qdisc").find((q) => q.dev === dev && q.spec.type === "htb")?.spec;
    expect(htb("eth0")).toEqual({ type: "htb", defaultMinor: names.hostMinor });
    // What is not classified on the bridge goes direct.
    expect(htb("fw0")).toEqual({ type: "htb", defaultMinor: 0 });
    const hostBits = hostRateBits(trees.egressCapacityBits, trees.egressReserveBits);
    expect(base.get("class eth0 fa01:2")?.object).toMatchObject({
      rateBytes: hostBits / 8,
      parent: "fa01:1",
    });
    expect(
      treesOf(trees, networkWith().ingress, hostBits).map((t) => [t.direction, t.dev, t.hostBits]),
    ).toEqual([
      ["egress", "eth0", hostBits],
      ["ingress", "fw0", null],
    ]);
  });

  test("of several networks has all their gateways, and the largest MTU", () => {
    const other = networkWith({ network: "more", gateways: ["10.2.0.1/24"], mtuBytes: 9_000 });
    const both = desiredBase(inputOf([networkWith(), other]));
    expect(of(both, "address").map((a) => a.cidr)).toEqual(["10.1.0.1/24", "10.2.0.1/24"]);
    expect(of(both, "bridge")).toMatchObject([{ mtuBytes: 9_000 }]);
  });

  test("masquerades each subnet but to its exceptions", () => {
    const masquerade = {
      subnets: ["10.1.0.0/24", "10.1.1.0/24"],
      except: ["198.18.0.0/15", "192.0.2.1"],
    };
    expect(elements(desiredBase(inputOf([networkWith({ masquerade })])))).toEqual([
      "masq4 10.1.0.0/24 null",
      "nomasq4 10.1.0.0/24 . 198.18.0.0/15 null",
      "nomasq4 10.1.0.0/24 . 192.0.2.1 null",
      "masq4 10.1.1.0/24 null",
      "nomasq4 10.1.1.0/24 . 198.18.0.0/15 null",
      "nomasq4 10.1.1.0/24 . 192.0.2.1 null",
    ]);
    expect(elements(desiredBase(inputOf([networkWith()])))).toEqual([]);
  });
});

describe("a pod", () => {
  const promise = promiseWith({
    egress: { guaranteeBits: 100e6, limitBits: 200e6, burstBytes: null },
    ingress: { guaranteeBits: 50e6, limitBits: null, burstBytes: null },
  });
  const pod = podWith(0x10, { promise, mtuBytes: 1400 });
  const state = desiredPod(pod, networkWith());

  test("is a pair with its ends, an address, a route, two leaves and an element", () => {
    expect(keys(state)).toEqual(
      [
        "veth fwv10",
        "port fwv10",
        "podlink /run/netns/c16 eth0",
        "ipv6setting /run/netns/c16 eth0 accept_ra",
        "address /run/netns/c16 eth0 10.1.0.2/24",
        "kernelroute /run/netns/c16 subnet 10.1.0.0/24 eth0",
        "route /run/netns/c16 0.0.0.0/0",
        "announcement /run/netns/c16 eth0",
        ...["eth0", "fw0"].flatMap((dev) => [`class ${dev} fa01:10`, `qdisc ${dev} fa01:10`]),
        "element class4 10.1.0.2",
        "element podmac 0a:58:0a:01:00:02",
        "element own4 fwv10 . 0a:58:0a:01:00:02 . 10.1.0.2",
        "element own6 fwv10 . 0a:58:0a:01:00:02 . fe80::858:aff:fe01:2",
        "element ownmac fwv10 . 0x0a580a010002",
        "element owntarget fwv10 . 0xfe8000000000000008580afffe010002",
        "element violations fwv10",
      ].sort(),
    );
    for (const { owner } of state.values()) expect(owner).toBe("pods/c16/eth0");
  });

  test("has its egress leaf on the uplink and its ingress leaf on the bridge", () => {
    const gso = podGsoMaxBytes(1e9, 1400);
    for (const [dev, direction, capacityBits] of [
      ["eth0", "egress", 1e9],
      ["fw0", "ingress", 900e6],
    ] as [string, Direction, number][]) {
      const { queueLimitBytes, ...rates } = leafShape(promise, direction, capacityBits, gso);
      expect(state.get(`class ${dev} fa01:10`)?.object).toMatchObject({
        parent: "fa01:1",
        ...rates,
      });
      expect(state.get(`qdisc ${dev} fa01:10`)?.object).toMatchObject({
        handle: "10:",
        spec: { type: "bfifo", limitBytes: queueLimitBytes },
      });
    }
    expect(of(state, "podlink")).toMatchObject([
      { gsoMaxBytes: gso, mtuBytes: 1400, mac: "0a:58:0a:01:00:02" },
    ]);
    expect(elements(state)).toContain("class4 10.1.0.2 fa01:10");
  });

  describe("of two families", () => {
    const dual = networkWith({
      subnets: ["10.1.0.0/24", "fd00:1::/64"],
      gateways: ["10.1.0.1/24", "fd00:1::1/64"],
      masquerade: {
        subnets: ["10.1.0.0/24", "fd00:1::/64"],
        except: ["198.18.0.0/15", "fd00:18::/32"],
      },
    });
    const both = podWith(0x10, {
      leases: [
        { address: "10.1.0.2", prefixLength: 24, gateway: "10.1.0.1" },
        { address: "fd00:1::2", prefixLength: 64, gateway: "fd00:1::1" },
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: "10.1.0.1" },
        { dst: "::/0", gw: "fd00:1::1" },
      ],
    });

    test("has one class, and an element for each address", () => {
      expect(elements(desiredPod(both, dual))).toEqual([
        "class4 10.1.0.2 fa01:10",
        "class6 fd00:1::2 fa01:10",
        "podmac 0a:58:0a:01:00:02 null",
        "own4 fwv10 . 0a:58:0a:01:00:02 . 10.1.0.2 null",
        "own6 fwv10 . 0a:58:0a:01:00:02 . fe80::858:aff:fe01:2 null",
        "own6 fwv10 . 0a:58:0a:01:00:02 . fd00:1::2 null",
        "ownmac fwv10 . 0x0a580a010002 null",
        "owntarget fwv10 . 0xfe8000000000000008580afffe010002 null",
        "owntarget fwv10 . 0xfd000001000000000000000000000002 null",
        "violations fwv10 null",
      ]);
      expect(of(desiredPod(both, dual), "class")).toHaveLength(2);
    });

    test("has both addresses and both routes", () => {
      const state = desiredPod(both, dual);
      expect(of(state, "address").map((a) => a.cidr)).toEqual(["10.1.0.2/24", "fd00:1::2/64"]);
      expect(of(state, "route").map((r) => [r.dst, r.gw, r.priority])).toEqual([
        ["0.0.0.0/0", "10.1.0.1", 0],
        ["::/0", "fd00:1::1", 1024],
      ]);
    });

    test("waits for nobody, and listens to no router", () => {
      const settings = (pod: Attachment) =>
        of(desiredPod(pod, dual), "ipv6setting").map((s) => `${s.dev} ${s.name}=${s.value}`);
      expect(settings(both)).toEqual([
        "eth0 accept_ra=0",
        "eth0 accept_dad=0",
        "eth0 disable_ipv6=0",
      ]);
      expect(settings(pod)).toEqual(["eth0 accept_ra=0"]);
    });

    test("makes the node forward, and its uplink go on as before, first", () => {
      const base = desiredBase(inputOf([dual]));
      expect(base.get("sysctl net/ipv6/conf/all/forwarding")?.object).toMatchObject({ value: "1" });
      expect(of(base, "ipv6setting").map((s) => `${s.dev} ${s.name}=${s.value}`)).toEqual([
        "fw0 accept_ra=0",
        "fw0 accept_dad=0",
        "fw0 disable_ipv6=0",
        "eth0 accept_ra=2",
      ]);
      const order = diff(base, new Map()).steps.map((s) => keyOf(s.want ?? s.have));
      expect(order.indexOf("ipv6setting node eth0 accept_ra")).toBeLessThan(
        order.indexOf("sysctl net/ipv6/conf/all/forwarding"),
      );
    });

    test("masquerades each family but to its own exceptions", () => {
      expect(elements(desiredBase(inputOf([dual])))).toEqual([
        "masq4 10.1.0.0/24 null",
        "nomasq4 10.1.0.0/24 . 198.18.0.0/15 null",
        "masq6 fd00:1::/64 null",
        "nomasq6 fd00:1::/64 . fd00:18::/32 null",
      ]);
    });
  });

  test("of a network that is not there is not there", () => {
    const stray = podWith(0x11, { network: "elsewhere" });
    const input = inputOf([networkWith()]);
    expect(keys(desiredNode(input, [pod, stray]))).toEqual(keys(desiredNode(input, [pod])));
    expect(desiredNode(input, [pod]).size).toBe(desiredBase(input).size + state.size);
  });
});

describe("the leaves of all pods that are admitted, and the host's", () => {
  const rate = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1_000, max: 20_000 }),
    fc.integer({ min: 1_000, max: 50e6 }),
    fc.integer({ min: 1_000, max: 2e9 }),
  );
  const limitOf = (guaranteeBits: number) =>
    fc.oneof(fc.constant(null), fc.integer({ min: Math.max(1_000, guaranteeBits), max: 20e9 }));
  const direction = rate.chain((guaranteeBits) =>
    fc.record({
      guaranteeBits: fc.constant(guaranteeBits),
      limitBits: limitOf(guaranteeBits),
      burstBytes: fc.constant(null),
    }),
  );
  const promise: fc.Arbitrary<PodPromise> = fc
    .record({ egress: direction, ingress: direction, latencyTargetUs: fc.option(fc.nat(1e6)) })
    .map(promiseWith);
  const capacity = fc.oneof(
    fc.integer({ min: 20_000, max: 50e6 }),
    fc.integer({ min: 20_000, max: 100e9 }),
  );
  const node = fc
    .record({
      egress: capacity,
      ingress: capacity,
      egressPart: fc.nat(100),
      ingressPart: fc.nat(100),
      hosts: fc.array(fc.integer({ min: 1_000, max: 20e6 }), { maxLength: 3 }),
    })
    .map(({ egress, ingress, egressPart, ingressPart, hosts }) => ({
      ...trees,
      egressCapacityBits: egress,
      ingressCapacityBits: ingress,
      egressReserveBits: Math.floor((egress * egressPart) / 100),
      ingressReserveBits: Math.floor((ingress * ingressPart) / 100),
      hostClasses: hosts.map((egressGuaranteeBits, i) => ({
        name: `h${i}`,
        ports: [100 + i],
        egressGuaranteeBits,
      })),
    }));
  const promises = fc.array(promise, { maxLength: 250, size: "max" });

  test("never have more rate together than the device, in the kernel's bytes per second", () => {
    let most = 0;
    let refusals = 0;
    fc.assert(
      fc.property(node, promises, (settings, asks) => {
        const pods: Attachment[] = [];
        // As src/promise/held.ts counts them.
        const held: Record<Direction, Holder[]> = { egress: [], ingress: [] };
        for (const ask of asks) {
          const holder = `p${pods.length}`;
          const fits = directions.every(
            (d) =>
              admit({
                ...treeOf(settings, d),
                held: held[d],
                askedBits: ask[d].guaranteeBits,
                holder,
              }).ok,
          );
          if (!fits) {
            refusals++;
            continue;
          }
          for (const d of directions) held[d].push({ holder, guaranteeBits: ask[d].guaranteeBits });
          pods.push(podWith(names.firstPodMinor + pods.length, { promise: ask }));
        }
        most = Math.max(most, pods.length);
        // Before a pod is admitted nothing is made.
        if (pods.length === 0) return;
        const input = inputOf([networkWith({ trees: settings })]);
        const classes = of(desiredNode(input, pods), "class");
        const leaves = (dev: string): TrafficClass[] =>
          classes.filter((c) => c.dev === dev && c.parent !== "root");
        for (const [dev, capacityBits, hosts] of [
          ["eth0", settings.egressCapacityBits, 1 + settings.hostClasses.length],
          ["fw0", settings.ingressCapacityBits, 0],
        ] as [string, number, number][]) {
          const sum = leaves(dev).reduce((total, c) => total + c.rateBytes, 0);
          if (leaves(dev).length !== pods.length + hosts) throw new Error(`${dev} lacks a leaf`);
          if (sum > Math.floor(capacityBits / 8))
            throw new Error(`${sum} B/s on ${dev} of ${capacityBits} bit/s`);
        }
      }),
      { numRuns: 1_000, includeErrorInReport: true },
    );
    // The property says nothing if all are refused, or none.
    expect(most).toBeGreaterThan(100);
    expect(refusals).toBeGreaterThan(1_000);
  }, 30_000);
});
