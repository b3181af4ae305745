import { existsSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { addNamespace, ipBatch, setSysctl, tcBatch } from "./namespaces.ts";
import { must } from "./run.ts";

/** RFC 2544 sets 198.18.0.0/15 aside for measurements like these: no route of the world leads there. */
export const addresses = {
  nodeUplink: "198.18.0.1",
  remote: "198.18.0.2",
  uplinkPrefixLength: 24,
  podSubnet: "198.19.1.0/24",
  /** The same in IPv6. RFC 4193 leaves fd00::/8 to everybody, and nobody routes it. */
  nodeUplink6: "fd00:c612::1",
  remote6: "fd00:c612::2",
  uplinkSubnet6: "fd00:c612::/64",
  uplinkPrefixLength6: 64,
  podSubnet6: "fd00:c613:1::/64",
} as const;

/** The device names inside the lab's own namespaces. */
export const devices = {
  /** The node's end of the wire. */
  uplink: "uplink",
  /** The remote host's end of it. */
  remote: "eth0",
} as const;

/**
 * The buffer of each port of the wire is that of a small switch (20 ms at 400 Mbit/s). What stands in it is
 * what a pod without quality of service waits for.
 */
const WIRE_BUFFER_BYTES = 1_000_000;
/**
 * This is two 64 KiB units: TBF cuts up what is larger than its burst, and that would cost time of the
 * machine, not of the wire.
 */
const WIRE_BURST_BYTES = 128 * 1024;

export interface WireEnds {
  /** These namespaces exist already. */
  node: string;
  remote: string;
  /** This namespace is made here. It bridges the two veth pairs and holds the rate. */
  wire: string;
  /** null means that it is as fast as the machine. */
  rateBits: number | null;
}

/** A kernel without IPv6 has a wire all the same. */
const hasIpv6 = (): boolean => existsSync("/proc/sys/net/ipv6");

const ipv6Lines = (lines: string[]): string[] => (hasIpv6() ? lines : []);

/**
 * Makes an end of the wire, which is still down. Link-local addresses are not waited for: without one a node
 * that forwards asks for no neighbour, and the lab itself would cause that for a second or two.
 */
function makeEnd(namespace: string, device: string, port: string, wire: string): void {
  ipBatch(namespace, [`link add name ${device} type veth peer name ${port} netns ${wire}`]);
  if (hasIpv6()) setSysctl(namespace, `net.ipv6.conf.${device}.accept_dad`, "0");
}

/**
 * Makes N -- W -- R: two veth pairs, which W bridges. A TBF on each port of W is the wire's rate in that
 * direction. The pairs are made across namespaces at once, so nothing ever appears outside of them. The node
 * gets default routes over the wire, and the remote one gets routes to the pods' subnets.
 */
export function makeWire({ node, remote, wire, rateBits }: WireEnds): void {
  addNamespace(wire);
  makeEnd(node, devices.uplink, "node", wire);
  ipBatch(node, [
    `address add ${addresses.nodeUplink}/${addresses.uplinkPrefixLength} dev ${devices.uplink}`,
    `link set dev ${devices.uplink} up`,
    `route add default via ${addresses.remote} dev ${devices.uplink}`,
    ...ipv6Lines([
      `address add ${addresses.nodeUplink6}/${addresses.uplinkPrefixLength6} dev ${devices.uplink} nodad`,
      `route add ::/0 via ${addresses.remote6} dev ${devices.uplink}`,
    ]),
  ]);
  makeEnd(remote, devices.remote, "remote", wire);
  ipBatch(remote, [
    `address add ${addresses.remote}/${addresses.uplinkPrefixLength} dev ${devices.remote}`,
    `link set dev ${devices.remote} up`,
    `route add ${addresses.podSubnet} via ${addresses.nodeUplink} dev ${devices.remote}`,
    ...ipv6Lines([
      `address add ${addresses.remote6}/${addresses.uplinkPrefixLength6} dev ${devices.remote} nodad`,
      `route add ${addresses.podSubnet6} via ${addresses.nodeUplink6} dev ${devices.remote}`,
    ]),
  ]);
  ipBatch(wire, [
    "link add name switch type bridge",
    "link set dev node master switch up",
    "link set dev remote master switch up",
    "link set dev switch up",
  ]);
  if (rateBits !== null) {
    const tbf = `root tbf rate ${rateBits}bit burst ${WIRE_BURST_BYTES} limit ${WIRE_BUFFER_BYTES}`;
    tcBatch(wire, [`qdisc add dev node ${tbf}`, `qdisc add dev remote ${tbf}`]);
  }
}

/** The kernel batches carrier changes for up to a second (LINKWATCH); ten times that is a defect. */
const SETTLE_MS = 10_000;

/**
 * Waits until every port of the wire carries. Before that a queueing discipline drops all that it gets.
 * @throws FairwayError unavailable, naming the devices that stayed down.
 */
export function waitForWire({ node, remote, wire }: Omit<WireEnds, "rateBits">): void {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const down = [node, remote, wire].flatMap((namespace) =>
      must(["ip", "-n", namespace, "-o", "link", "show"])
        .split("\n")
        .filter((line) => line !== "" && !/ lo: | state UP /.test(line))
        .map((line) => `${namespace}: ${line.split(": ")[1]}`),
    );
    if (down.length === 0) return;
    if (performance.now() > deadlineMs) {
      throw new FairwayError("unavailable", `the lab's wire stayed down: ${down.join(", ")}`);
    }
    Bun.sleepSync(20);
  }
}
