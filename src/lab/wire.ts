import { FairwayError } from "../errors.ts";
import { addNamespace, ipBatch, tcBatch } from "./namespaces.ts";
import { must } from "./run.ts";

/** RFC 2544 sets 198.18.0.0/15 aside for measurements like these: no route of the world leads there. */
export const addresses = {
  nodeUplink: "198.18.0.1",
  remote: "198.18.0.2",
  uplinkPrefixLength: 24,
  podSubnet: "198.19.1.0/24",
  /** The same in IPv6: RFC 4193 leaves fd00::/8 to everybody, and nobody routes it. */
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
 * The buffer of each port of the wire: that of a small switch (20 ms at 400 Mbit/s). What stands in it
 * is what a pod without quality of service waits for.
 */
export const WIRE_BUFFER_BYTES = 1_000_000;
/** Two 64 KiB units: TBF cuts up what is larger than its burst, and that would cost the machine, not the wire. */
const WIRE_BURST_BYTES = 128 * 1024;

export interface WireEnds {
  /** Existing namespaces. */
  node: string;
  remote: string;
  /** Made here: it bridges the two veth pairs and holds the rate. */
  wire: string;
  /** null: as fast as the machine. */
  rateBits: number | null;
}

/**
 * N -- W -- R: two veth pairs, W bridges them, a TBF on each port of W is the wire's rate in that
 * direction. Pairs are made across namespaces at once, so nothing ever appears outside of them.
 * The node gets default routes over the wire, the remote one routes to the pods' subnets.
 */
export function makeWire({ node, remote, wire, rateBits }: WireEnds): void {
  addNamespace(wire);
  ipBatch(node, [
    `link add name ${devices.uplink} type veth peer name node netns ${wire}`,
    `address add ${addresses.nodeUplink}/${addresses.uplinkPrefixLength} dev ${devices.uplink}`,
    `address add ${addresses.nodeUplink6}/${addresses.uplinkPrefixLength6} dev ${devices.uplink} nodad`,
    `link set dev ${devices.uplink} up`,
    `route add default via ${addresses.remote} dev ${devices.uplink}`,
    `route add ::/0 via ${addresses.remote6} dev ${devices.uplink}`,
  ]);
  ipBatch(remote, [
    `link add name ${devices.remote} type veth peer name remote netns ${wire}`,
    `address add ${addresses.remote}/${addresses.uplinkPrefixLength} dev ${devices.remote}`,
    `address add ${addresses.remote6}/${addresses.uplinkPrefixLength6} dev ${devices.remote} nodad`,
    `link set dev ${devices.remote} up`,
    `route add ${addresses.podSubnet} via ${addresses.nodeUplink} dev ${devices.remote}`,
    `route add ${addresses.podSubnet6} via ${addresses.nodeUplink6} dev ${devices.remote}`,
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
 * Waits until every port of the wire carries: before that a queueing discipline drops all it gets.
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
