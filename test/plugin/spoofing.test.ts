/** What a pod may send: its own frames arrive, all others arrive nowhere and are counted, and without the filter the same ones do arrive. */
import { beforeAll, describe, expect, test } from "bun:test";
import { inNetns } from "../../src/kernel/netns.ts";
import { readViolations } from "../../src/kernel/read/tables.ts";
import { linkLocal } from "../../src/plan/guard.ts";
import { bridgeMac, podMac } from "../../src/plan/names.ts";
import { mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import * as frames from "../support/frames.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { PacketSocket } from "../support/packet-socket.ts";
import { until } from "../support/until.ts";

interface Host {
  ip: string;
  mac: string;
  /** fe80:: and what follows from the MAC. */
  local: string;
}

const hostOf = (ip: string, mac = podMac(ip)): Host => ({ ip, mac, local: linkLocal(mac) });

const own = hostOf("198.19.1.2");
const neighbour = hostOf("198.19.1.3");
const gateway = hostOf("198.19.1.1", bridgeMac("fw0"));
/** Of nobody. */
const foreign = hostOf("198.19.1.77", "02:00:00:00:00:77");
const outside = "198.19.7.7";
const { remote, remote6, podSubnet6 } = addresses;
const prefix6 = podSubnet6.split("::")[0];
/** Pods have an address of each family. */
const six = (n: number): string => `${prefix6}::${n}`;
const dual = {
  ipam: {
    ranges: [[{ subnet: addresses.podSubnet }], [{ subnet: podSubnet6 }]],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
  },
};

const toNeighbour = { from: own.mac, to: neighbour.mac };
const toGateway = { from: own.mac, to: gateway.mac };
const toAll = { from: own.mac, to: frames.broadcast };
/** IPv6's all nodes and all routers, as Ethernet has them. */
const toAllNodes = { from: own.mac, to: "33:33:00:00:00:01" };
const toAllRouters = { from: own.mac, to: "33:33:00:00:00:02" };

/** Where it arrives if it is let through; null: the bridge or the kernel keeps it for other reasons. */
type Place = "neighbour" | "remote" | null;
type Row = [title: string, frame: () => frames.Frame, arrives: Place];

const { discovery, linkLayer, etherType } = frames;
const [source, target] = [1, 2] as const;
const icmp6 = (dst: string, data: number[], src = own.local): frames.Frame =>
  frames.ethernet(
    toNeighbour,
    etherType.ipv6,
    frames.ipv6(src, dst, 58, frames.icmpv6(src, dst, data)),
  );
const arp = (ends: frames.Ends, addresses: Partial<frames.ArpAddresses>): frames.Frame =>
  frames.arp(ends, {
    operation: "reply",
    senderMac: own.mac,
    senderIp: own.ip,
    targetIp: neighbour.ip,
    ...addresses,
  });
const nd = (addresses: Partial<frames.Discovery>, ends = toNeighbour): frames.Frame =>
  frames.neighbour(ends, {
    type: discovery.advertisement,
    src: own.local,
    dst: neighbour.local,
    target: own.local,
    ...addresses,
  });
const solicitation = { type: discovery.solicitation, target: neighbour.local };
/** Anything, so that each frame is like no other. */
const echo = (): number[] => [128, 0, 0, 0, ...frames.newMark()];
const udp = (): frames.Frame => frames.udp4(toNeighbour, own.ip, neighbour.ip);
const foreignTarget = (operation: "request" | "reply", ip: string): frames.Frame =>
  arp(toAll, { operation, senderIp: ip, targetIp: ip });

const refused: Row[] = [
  [
    "a foreign MAC, to a neighbour",
    () => frames.udp4({ ...toNeighbour, from: foreign.mac }, own.ip, neighbour.ip),
    "neighbour",
  ],
  [
    "a foreign MAC, to the wire",
    () => frames.udp4({ ...toGateway, from: foreign.mac }, own.ip, remote),
    "remote",
  ],
  [
    "a foreign IPv4 source, to a neighbour",
    () => frames.udp4(toNeighbour, foreign.ip, neighbour.ip),
    "neighbour",
  ],
  [
    "the neighbour's IPv4 source, to the wire",
    () => frames.udp4(toGateway, neighbour.ip, remote),
    "remote",
  ],
  [
    "an IPv4 source of another network, to the wire",
    () => frames.udp4(toGateway, outside, remote),
    "remote",
  ],
  [
    "the gateway's IPv4 source, to a neighbour",
    () => frames.udp4(toNeighbour, gateway.ip, neighbour.ip),
    "neighbour",
  ],
  [
    "no IPv4 source, as DHCP has it",
    () => frames.udp4(toAll, "0.0.0.0", "255.255.255.255"),
    "neighbour",
  ],
  [
    "ARP: a reply with a foreign sender IP",
    () => arp(toNeighbour, { senderIp: gateway.ip }),
    "neighbour",
  ],
  [
    "ARP: a request with a foreign sender IP",
    () => arp(toAll, { operation: "request", senderIp: foreign.ip }),
    "neighbour",
  ],
  [
    "ARP: a request without a sender IP",
    () => arp(toAll, { operation: "request", senderIp: "0.0.0.0" }),
    "neighbour",
  ],
  ["ARP: a foreign sender MAC", () => arp(toNeighbour, { senderMac: foreign.mac }), "neighbour"],
  [
    "ARP: a foreign source MAC above one's own",
    () => arp({ ...toNeighbour, from: foreign.mac }, { targetIp: outside }),
    "neighbour",
  ],
  [
    "ARP: a gratuitous request for the gateway",
    () => foreignTarget("request", gateway.ip),
    "neighbour",
  ],
  [
    "ARP: a gratuitous reply for a foreign address",
    () => foreignTarget("reply", foreign.ip),
    "neighbour",
  ],
  [
    "a foreign IPv6 source",
    () => frames.udp6(toNeighbour, "fd00::77", neighbour.local),
    "neighbour",
  ],
  [
    "the neighbour's IPv6 source, to the wire",
    () => frames.udp6(toGateway, six(3), remote6),
    "remote",
  ],
  [
    "an IPv6 source of nobody's, to the wire",
    () => frames.udp6(toGateway, six(77), remote6),
    "remote",
  ],
  [
    "a foreign link-local source",
    () => frames.udp6(toNeighbour, foreign.local, neighbour.local),
    "neighbour",
  ],
  [
    "the gateway's link-local source",
    () => frames.udp6(toNeighbour, gateway.local, neighbour.local),
    "neighbour",
  ],
  [
    "an IPv6 frame with a foreign MAC",
    () => frames.udp6({ ...toNeighbour, from: foreign.mac }, own.local, neighbour.local),
    "neighbour",
  ],
  ["a ping without an IPv6 source", () => icmp6(neighbour.local, echo(), "::"), "neighbour"],
  [
    "ND: an advertisement for a foreign target",
    () => nd({ target: gateway.local, options: linkLayer(target, own.mac) }),
    "neighbour",
  ],
  [
    "ND: an advertisement for the neighbour's own address",
    () => nd({ src: six(2), target: six(3), options: linkLayer(target, own.mac) }),
    "neighbour",
  ],
  ["ND: the same without a MAC", () => nd({ target: gateway.local }), "neighbour"],
  [
    "ND: an advertisement to all for a foreign target",
    () =>
      nd(
        { dst: "ff02::1", target: foreign.local, options: linkLayer(target, own.mac) },
        toAllNodes,
      ),
    "neighbour",
  ],
  [
    "ND: an advertisement with a foreign MAC",
    () => nd({ options: linkLayer(target, foreign.mac) }),
    "neighbour",
  ],
  [
    "ND: an advertisement with a foreign source",
    () => nd({ src: foreign.local, options: linkLayer(target, own.mac) }),
    "neighbour",
  ],
  [
    "ND: an advertisement with two MACs",
    () => nd({ options: [...linkLayer(target, own.mac), ...linkLayer(target, foreign.mac)] }),
    "neighbour",
  ],
  [
    "ND: an advertisement behind an extension header",
    () => nd({ target: gateway.local, hidden: true }),
    "neighbour",
  ],
  [
    "ND: a solicitation with a foreign source",
    () => nd({ ...solicitation, src: foreign.local, options: linkLayer(source, own.mac) }),
    "neighbour",
  ],
  [
    "ND: a solicitation with a foreign MAC",
    () => nd({ ...solicitation, options: linkLayer(source, foreign.mac) }),
    "neighbour",
  ],
  [
    "ND: duplicate detection of a foreign target",
    () => nd({ ...solicitation, src: "::", dst: "ff02::1", target: foreign.local }, toAllNodes),
    "neighbour",
  ],
  [
    "ND: a router's advertisement",
    () => nd({ type: discovery.routerAdvertisement, dst: "ff02::1", target: null }, toAllNodes),
    "neighbour",
  ],
  [
    "ND: a redirect",
    () =>
      nd({ type: discovery.redirect, target: gateway.local, options: Array<number>(16).fill(1) }),
    "neighbour",
  ],
  [
    "ND: a router's solicitation with a foreign MAC",
    () =>
      nd(
        {
          type: discovery.routerSolicitation,
          dst: "ff02::2",
          target: null,
          options: linkLayer(source, foreign.mac),
        },
        toAllRouters,
      ),
    "neighbour",
  ],
  [
    "a frame to a bridge's group address, which it floods",
    () => frames.udp4({ from: own.mac, to: "01:80:c2:00:00:00" }, foreign.ip, neighbour.ip),
    "neighbour",
  ],
  ["a VLAN tag", () => frames.tagged(udp(), etherType.vlan, 7), "neighbour"],
  [
    "a VLAN tag with a priority only",
    () => frames.tagged(udp(), etherType.vlan, 0xe000),
    "neighbour",
  ],
  ["a service provider's tag", () => frames.tagged(udp(), etherType.qinq, 7), "neighbour"],
  [
    "two tags",
    () => frames.tagged(frames.tagged(udp(), etherType.vlan, 8), etherType.qinq, 7),
    "neighbour",
  ],
  [
    "an EtherType that is none of ours (MPLS)",
    () => frames.ethernet(toNeighbour, 0x8847, frames.newMark()),
    "neighbour",
  ],
  ["reverse ARP", () => frames.ethernet(toAll, 0x8035, frames.newMark()), "neighbour"],
  [
    "a length in place of an EtherType",
    () => frames.ethernet(toNeighbour, 46, [0x42, 0x42, 3, ...frames.newMark()]),
    "neighbour",
  ],
];

const routerAlert = [58, 0, 5, 2, 0, 0, 1, 0];
const listenerReport = (src: string): frames.Frame => {
  const report = frames.icmpv6(src, "ff02::16", [
    143,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    4,
    0,
    0,
    0,
    ...Array<number>(16).fill(0xff),
  ]);
  return frames.ethernet(
    { from: own.mac, to: "33:33:00:00:00:16" },
    etherType.ipv6,
    frames.ipv6(src, "ff02::16", 0, [...routerAlert, ...report], 1),
  );
};

const allowed: Row[] = [
  ["IPv4 to a neighbour", udp, "neighbour"],
  ["IPv4 to the wire", () => frames.udp4(toGateway, own.ip, remote), "remote"],
  ["ARP: a request", () => arp(toAll, { operation: "request" }), "neighbour"],
  ["ARP: a reply", () => arp(toNeighbour, { targetIp: gateway.ip }), "neighbour"],
  ["ARP: a gratuitous one", () => arp(toAll, { targetIp: own.ip }), "neighbour"],
  ["IPv6 to a neighbour", () => frames.udp6(toNeighbour, six(2), six(3)), "neighbour"],
  ["IPv6 to the wire", () => frames.udp6(toGateway, six(2), remote6), "remote"],
  [
    "ND: an advertisement for the address that it was given",
    () => nd({ src: six(2), target: six(2), options: linkLayer(target, own.mac) }),
    "neighbour",
  ],
  [
    "IPv6 from the link-local address",
    () => frames.udp6(toNeighbour, own.local, neighbour.local),
    "neighbour",
  ],
  ["a ping over IPv6", () => icmp6(neighbour.local, echo()), "neighbour"],
  [
    "the second fragment of a ping",
    () =>
      frames.ethernet(
        toNeighbour,
        etherType.ipv6,
        frames.ipv6(own.local, neighbour.local, 44, [
          58,
          0,
          0,
          0xb8,
          0,
          0,
          0,
          9,
          ...frames.newMark(),
        ]),
      ),
    "neighbour",
  ],
  [
    "ND: a solicitation",
    () => nd({ ...solicitation, options: linkLayer(source, own.mac) }),
    "neighbour",
  ],
  ["ND: a solicitation without a MAC", () => nd(solicitation), "neighbour"],
  ["ND: an advertisement", () => nd({ options: linkLayer(target, own.mac) }), "neighbour"],
  ["ND: an advertisement without a MAC", () => nd({}), "neighbour"],
  [
    "ND: duplicate detection of one's own address",
    () =>
      nd(
        {
          ...solicitation,
          src: "::",
          dst: "ff02::1",
          target: own.local,
          options: [14, 1, 1, 2, 3, 4, 5, 6],
        },
        toAllNodes,
      ),
    "neighbour",
  ],
  [
    "ND: a router's solicitation",
    () =>
      nd(
        {
          type: discovery.routerSolicitation,
          dst: "ff02::2",
          target: null,
          options: linkLayer(source, own.mac),
        },
        toAllRouters,
      ),
    "neighbour",
  ],
  [
    "ND: a router's solicitation without a MAC",
    () => nd({ type: discovery.routerSolicitation, dst: "ff02::2", target: null }, toAllRouters),
    "neighbour",
  ],
  ["a report of multicast listening", () => listenerReport(own.local), "neighbour"],
  ["the same before the address is settled", () => listenerReport("::"), "neighbour"],
];

const waitMs = 5_000;
/** For what would come though it must not, after all else has come. */
const lastWaitMs = 300;

const has =
  (mark: Uint8Array) =>
  (seen: Uint8Array): boolean =>
    Buffer.from(seen).includes(mark);

interface Outcome {
  seen: Place[];
  counted: number;
}

/** One place where frames arrive, and all that came. */
class Watch implements Disposable {
  readonly #socket: PacketSocket;
  readonly #last: PacketSocket;
  readonly seen: Uint8Array[] = [];

  constructor(namespace: string) {
    this.#socket = new PacketSocket(namespace, "eth0", waitMs);
    this.#last = new PacketSocket(namespace, "eth0", lastWaitMs);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    this.#last[Symbol.dispose]();
  }

  /** What came before it came, too: a path keeps the order. */
  waitFor(mark: Uint8Array): void {
    while (!this.seen.some(has(mark))) {
      const frame = this.#socket.receive();
      if (frame === null) throw new Error(`a pod's own frame did not come in ${waitMs} ms`);
      this.seen.push(frame);
    }
  }

  /** All that ever came. */
  drain(): Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let frame = this.#last.receive(); frame !== null; frame = this.#last.receive())
      all.push(frame);
    return all;
  }
}

const countedOf = (node: TestNode, port: string): number =>
  inNetns(namespacePath(node.lab.node), () => readViolations().get(port)?.packets ?? 0);

interface Result {
  outcomes: Map<string, Outcome>;
  status: { pods: { violations: { packets: number } | null }[] };
  text: string;
  doctor: string;
}

function sendAll(node: TestNode, [a, b]: [Pod, Pod]): Map<string, Outcome> {
  using sender = new PacketSocket(a.namespace, "eth0", waitMs);
  using atNeighbour = new Watch(b.namespace);
  using atRemote = new Watch(node.lab.remote);
  const outcomes = new Map<string, { mark: Uint8Array; counted: number }>();
  for (const [title, make] of [...refused, ...allowed]) {
    const frame = make();
    const before = countedOf(node, "fwv10");
    sender.send(frame.bytes);
    // Behind it, what arrives in any case.
    const [near, far] = [udp(), frames.udp4(toGateway, own.ip, remote)];
    sender.send(near.bytes);
    sender.send(far.bytes);
    atNeighbour.waitFor(near.mark);
    atRemote.waitFor(far.mark);
    outcomes.set(title, { mark: frame.mark, counted: countedOf(node, "fwv10") - before });
  }
  const [near, far] = [atNeighbour.drain(), atRemote.drain()];
  return new Map(
    [...outcomes].map(([title, { mark, counted }]) => {
      const seen: Place[] = [];
      if (near.some(has(mark))) seen.push("neighbour");
      if (far.some(has(mark))) seen.push("remote");
      return [title, { seen, counted }];
    }),
  );
}

async function resultWith(antiSpoof: boolean): Promise<Result> {
  let result: Result | undefined;
  await withNode(
    (node) => {
      const pods: [Pod, Pod] = [node.pod("a"), node.pod("b")];
      for (const pod of pods) node.add(pod);
      // Or the kernel itself drops sources that it would not route back that way.
      for (const dev of ["all", "fw0"])
        node.run("sysctl", "-qw", `net.ipv4.conf.${dev}.rp_filter=0`);
      const outcomes = sendAll(node, pods);
      const run = (...args: string[]): string => node.fairway(...args).stdout;
      result = {
        outcomes,
        status: JSON.parse(run("status", "--json", "--no-measure")) as Result["status"],
        text: run("status", "--no-measure"),
        doctor: run("doctor"),
      };
    },
    { antiSpoof, ...dual },
  );
  if (result === undefined) throw new Error("nothing came out of it");
  return result;
}

describe("a pod that is kept to its own addresses", () => {
  let result: Result;
  beforeAll(async () => {
    result = await resultWith(true);
  }, 60_000);
  const outcome = (title: string): Outcome | undefined => result.outcomes.get(title);

  test.each(refused)("does not get out, and is counted: %s", (title) => {
    expect(outcome(title)).toEqual({ seen: [], counted: 1 });
  });

  test.each(allowed)("gets out: %s", (title, _, arrives) => {
    expect(outcome(title)).toEqual({ seen: arrives === null ? [] : [arrives], counted: 0 });
  });

  test("`status` tells how much of it there was, and of whom", () => {
    expect(result.status.pods.map(({ violations }) => violations?.packets)).toEqual([
      refused.length,
      0,
    ]);
    expect(result.text).toContain(`SPOOFING: pods/a/eth0 sent ${refused.length} frames`);
    expect(result.text).not.toContain("SPOOFING: pods/b/eth0");
  });

  test("`doctor` tells it too", () => {
    expect(result.doctor).toMatch(/WARN +spoofing +pods\/a\/eth0 sent \d+ frames/);
    expect(result.doctor).toContain("tcpdump -e -i fwv10");
  });
});

describe("a pod that is not", () => {
  let result: Result;
  beforeAll(async () => {
    result = await resultWith(false);
  }, 60_000);

  // Where it is answered with what it was, it is seen at the address that it was sent from, too.
  test.each([...refused, ...allowed])("gets out: %s", (title, _, arrives) => {
    const { seen = [], counted } = result.outcomes.get(title) ?? {};
    expect(counted).toBe(0);
    expect(seen.length === 0 ? [null] : seen).toContain(arrives);
  });

  test("is not counted", () => {
    expect(result.status.pods.map(({ violations }) => violations)).toEqual([null, null]);
    expect(result.doctor).toMatch(/ok +spoofing +off: antiSpoof is false/);
  });
});

/** Where the bridge believes that a MAC is. */
const portOf = (node: TestNode, mac: string): string[] =>
  [
    ...mustInNamespace(node.lab.node, ["bridge", "fdb", "show", "br", "fw0"]).matchAll(
      /^(\S+) dev (\S+)/gm,
    ),
  ]
    .filter((m) => m[1] === mac)
    .map((m) => m[2] ?? "");

test.each<[string, boolean, string]>([
  ["kept to its own", true, "fwv11"],
  ["that is not", false, "fwv10"],
])(
  "the bridge does not learn a neighbour's MAC from a pod %s, by any frame",
  (_, antiSpoof, port) =>
    withNode(
      async (node) => {
        const [a, b] = [node.pod("a"), node.pod("b")];
        for (const pod of [a, b]) node.add(pod);
        using sender = new PacketSocket(a.namespace, "eth0", waitMs);
        using other = new PacketSocket(b.namespace, "eth0", waitMs);
        // A group address that the bridge keeps to itself (LLDP), and one that it floods.
        for (const [at, to] of ["01:80:c2:00:00:0e", frames.broadcast].entries()) {
          other.send(
            frames.arp(
              { from: neighbour.mac, to: frames.broadcast },
              {
                operation: "request",
                senderMac: neighbour.mac,
                senderIp: neighbour.ip,
                targetIp: gateway.ip,
              },
            ).bytes,
          );
          const isAt = (name: string): boolean => portOf(node, neighbour.mac).includes(name);
          await until("the bridge learns its own", () => isAt("fwv11"));
          sender.send(frames.ethernet({ from: neighbour.mac, to }, 0x88cc, frames.newMark()).bytes);
          await until("the frame is there", () =>
            antiSpoof ? countedOf(node, "fwv10") > at : isAt("fwv10"),
          );
          expect(portOf(node, neighbour.mac)).toContain(port);
        }
        expect(countedOf(node, "fwv10")).toBe(antiSpoof ? 2 : 0);
      },
      { antiSpoof },
    ),
);

/** UDP to a port of nobody's, as the node's kernel counts it. */
function strayDatagrams(node: TestNode): number {
  const lines = node.run("cat", "/proc/net/snmp").split("\n");
  const [names = [], values = []] = lines
    .filter((l) => l.startsWith("Udp:"))
    .map((l) => l.split(" "));
  return Number(values[names.indexOf("NoPorts")]);
}

// A bridge keeps them to itself, and its port hands IP what is in them: past prerouting, and to 0e (LLDP) past every hook.
describe.each(["01:80:c2:00:00:0e", "01:80:c2:00:00:03"])("a frame to the group %s", (to) => {
  test.each<[string, boolean, number]>([
    ["does not bring the host a foreign source", true, 0],
    ["would, without the filter", false, 1],
  ])("%s", (_, antiSpoof, arrived) =>
    withNode(
      (node) => {
        const [a, b] = [node.pod("a"), node.pod("b")];
        for (const pod of [a, b]) node.add(pod);
        using sender = new PacketSocket(a.namespace, "eth0", waitMs);
        using watch = new Watch(b.namespace);
        const [before, counted] = [strayDatagrams(node), countedOf(node, "fwv10")];
        sender.send(frames.udp4({ from: own.mac, to }, foreign.ip, gateway.ip).bytes);
        const own4 = udp();
        sender.send(own4.bytes);
        watch.waitFor(own4.mark);
        expect(strayDatagrams(node) - before).toBe(arrived);
        expect(countedOf(node, "fwv10") - counted).toBe(1 - arrived);
      },
      { antiSpoof },
    ),
  );
});
