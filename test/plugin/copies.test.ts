/** How many copies of what is sent arrive: one, whatever mode the bridge is in, and none at who sent it. */
import { describe, expect, test } from "bun:test";
import { mustInNamespace, setSysctl } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import * as frames from "../support/frames.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { PacketSocket } from "../support/packet-socket.ts";
import { until } from "../support/until.ts";

const dual = {
  ipam: {
    ranges: [[{ subnet: addresses.podSubnet }], [{ subnet: addresses.podSubnet6 }]],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
  },
};
/** How long it is waited for one more. */
const patienceMs = 300;

/** How many of the frames that come in, and that are counted, hold these bytes. */
function copies(
  socket: PacketSocket,
  mark: Uint8Array,
  counts: (frame: Buffer) => boolean = () => true,
): number {
  for (let found = 0; ; ) {
    const received = socket.receive();
    if (received === null) return found;
    const frame = Buffer.from(received);
    if (frame.includes(mark) && counts(frame)) found += 1;
  }
}

const backendPort = 5353;
/** Of IPv4 without options: an answer that nobody listens repeats the datagram, and is none. */
const isToBackend = (frame: Buffer): boolean =>
  frame[23] === 17 && frame.readUInt16BE(36) === backendPort;

interface Ends {
  node: TestNode;
  from: Pod;
  to: Pod;
  /** Of eth0 of `from`, of both families. */
  mac: string;
  own: string[];
}

function withPods(use: (ends: Ends) => void | Promise<void>): Promise<void> {
  return withNode(async (node) => {
    const [from, to] = [node.pod("from"), node.pod("to")];
    const { interfaces, ips } = node.add(from) as {
      interfaces: { sandbox?: string; mac: string }[];
      ips: { address: string }[];
    };
    node.add(to);
    const mac = interfaces.find(({ sandbox }) => sandbox !== undefined)?.mac ?? "";
    await use({ node, from, to, mac, own: ips.map(({ address }) => address.split("/")[0] ?? "") });
  }, dual);
}

const modes = [
  { mode: "as it is", make: (_: TestNode) => {} },
  {
    mode: "promiscuous",
    make: (node: TestNode) => node.run("ip", "link", "set", "dev", "fw0", "promisc", "on"),
  },
];

const groups = [
  ["IPv4 multicast", "01:00:5e:01:02:03", 0, "239.1.2.3"],
  ["IPv4 broadcast", frames.broadcast, 0, "255.255.255.255"],
  ["IPv6 multicast", "33:33:00:00:00:01", 1, "ff02::1"],
] as const;

describe.each(modes)("a bridge $mode", ({ make }) => {
  test.each(groups)("%s: one copy at a neighbour, none at its sender", (_, group, family, dst) =>
    withPods(({ node, from, to, mac, own }) => {
      make(node);
      using sender = new PacketSocket(from.namespace, "eth0", patienceMs);
      using neighbour = new PacketSocket(to.namespace, "eth0", patienceMs);
      const udp = family === 0 ? frames.udp4 : frames.udp6;
      const frame = udp({ from: mac, to: group }, own[family] ?? "", dst);
      sender.send(frame.bytes);
      expect(copies(neighbour, frame.mark)).toBe(1);
      expect(copies(sender, frame.mark)).toBe(0);
    }),
  );

  test.each([
    ["to another pod of the bridge", "to"],
    ["back to the pod itself", "from"],
  ] as const)("a service that leads %s: one copy of each datagram", (_, end) =>
    withPods((ends) => {
      const { node, from, own } = ends;
      const to = ends[end];
      const [, backend = ""] =
        /inet (\S+)\//.exec(
          mustInNamespace(to.namespace, ["ip", "-4", "address", "show", "dev", "eth0"]),
        ) ?? [];
      node.run(
        "nft",
        [
          "add table ip svc",
          "add chain ip svc pre { type nat hook prerouting priority -100; }",
          `add rule ip svc pre ip daddr 198.18.9.9 udp dport 53 dnat to ${backend}:${backendPort}`,
          "add chain ip svc post { type nat hook postrouting priority 100; }",
          `add rule ip svc post ip saddr ${own[0]} ip daddr ${own[0]} masquerade`,
        ].join("; "),
      );
      make(node);
      using receiver = new PacketSocket(to.namespace, "eth0", patienceMs);
      // The first finds no neighbour entry of the node's, the others do.
      for (const word of ["first", "second", "third"]) {
        const text = `fairway ${word} datagram`;
        mustInNamespace(from.namespace, ["bash", "-c", `echo "${text}" > /dev/udp/198.18.9.9/53`]);
        const arrived = copies(receiver, new TextEncoder().encode(text), isToBackend);
        expect(arrived, word).toBe(1);
      }
    }),
  );
});

test("a pod that asks whether its own address is free does not hear itself", () =>
  withPods(async ({ from, own }) => {
    const ip = (...args: string[]) => mustInNamespace(from.namespace, ["ip", ...args]);
    setSysctl(from.namespace, "net.ipv6.conf.eth0.accept_dad", "1");
    // Without the number by which a kernel knows its own question again (RFC 7527), as older ones are.
    setSysctl(from.namespace, "net.ipv6.conf.all.enhanced_dad", "0");
    setSysctl(from.namespace, "net.ipv6.conf.eth0.enhanced_dad", "0");
    const address = `${own[1]}/64`;
    ip("address", "del", address, "dev", "eth0");
    ip("address", "add", address, "dev", "eth0");
    const shown = () => ip("address", "show", "dev", "eth0", "to", address);
    await until(
      "the address is tried",
      () => !shown().includes("tentative") || shown().includes("dadfailed"),
    );
    expect(shown()).toContain(address);
    expect(shown()).not.toContain("dadfailed");
  }));
