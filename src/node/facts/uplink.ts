/** What the node says of itself: its uplink, and the uplink's capacity and MTU. Nothing of it is a guess. */
import { readFileSync } from "node:fs";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks, type Link, linkNamed, linkNumbered } from "../../kernel/read/links.ts";
import { nodeRoutes } from "../../kernel/read/routes.ts";
import { families } from "../../plan/ip.ts";
import { minorOfHostVeth } from "../../plan/names.ts";
import { mainTable } from "../../plan/route-numbers.ts";

export interface Uplink {
  name: string;
  mtuBytes: number;
  egressCapacityBits: number;
  ingressCapacityBits: number;
  /**
   * The link's speed where it is known and above the capacity, else the capacity. The wire's own queue drains
   * at this rate.
   */
  wireBits: number;
  gsoMaxBytes: number;
}

type UplinkConfig = NetworkConfig["uplink"];

/**
 * The devices that the default route leads to: that of IPv4, or else that of IPv6. Of several routes the one
 * that the kernel prefers counts. Each device is there once, however many next hops the route has on it
 * (ECMP).
 */
function defaultDevices(socket: NetlinkSocket): number[] {
  for (const family of families) {
    const [best] = nodeRoutes(socket, family, mainTable)
      .filter(({ dst, type }) => dst.length === 0 && type === "unicast")
      .toSorted((a, b) => a.priority - b.priority);
    if (best !== undefined)
      return [...new Set(best.hops.flatMap(({ oifIndex }) => oifIndex ?? []))];
  }
  return [];
}

/** This is for messages only, because there may be thousands. */
const present = (socket: NetlinkSocket): string =>
  allLinks(socket)
    .map(({ name }) => name)
    .filter((name) => name !== "lo" && minorOfHostVeth(name) === null)
    .join(", ");

/** Throws uplinkUnknown. */
export function findLink(asked: UplinkConfig, bridge: string): Link {
  using socket = new NetlinkSocket();
  if (asked.name !== null) {
    const link = linkNamed(socket, asked.name);
    if (link !== null) return link;
    throw new FairwayError(
      "uplinkUnknown",
      `uplink.name: there is no interface ${asked.name}`,
      `name one of the node's interfaces: ${present(socket)}`,
    );
  }
  const [index, ...others] = defaultDevices(socket);
  if (index !== undefined && others.length > 0) {
    const names = [index, ...others].flatMap((each) => linkNumbered(socket, each)?.name ?? []);
    throw new FairwayError(
      "uplinkUnknown",
      `no single uplink: the node's default route leads over ${names.join(" and ")}, and uplink.name is not set`,
      "set uplink.name to the one on which pods are promised their shares; what leaves by the others has neither guarantee nor limit",
    );
  }
  const link = index === undefined ? null : linkNumbered(socket, index);
  if (link === null || link.name === bridge)
    throw new FairwayError(
      "uplinkUnknown",
      "no uplink: the node has no default route, over IPv4 or IPv6, and uplink.name is not set",
      `set uplink.name to one of the node's interfaces: ${present(socket)}`,
    );
  return link;
}

/** Devices that report a speed which no hardware stands behind: veth always says 10 Gbit/s. */
const madeUp = new Set(["veth", "bridge", "dummy", "tun", "ifb"]);

/** Bits per second, or why it is not known. */
export function linkSpeed(link: Link): number | string {
  if (link.type !== null && madeUp.has(link.type))
    return `${link.name} is a ${link.type} and has no speed of its own`;
  const folder = `/sys/class/net/${link.name}`;
  try {
    // In a namespace entered without a /sys of its own, the folder is another namespace's.
    if (Number(readFileSync(`${folder}/ifindex`, "utf8")) !== link.index)
      return "/sys shows another network namespace's interfaces";
    const megabits = Number(readFileSync(`${folder}/speed`, "utf8"));
    return megabits > 0 ? megabits * 1e6 : `${link.name} reports no speed`;
  } catch {
    // A driver without a speed answers EINVAL.
    return `${link.name} reports no speed`;
  }
}

/** Throws uplinkUnknown, capacityUnknown. */
export function findUplink(asked: UplinkConfig, bridge: string): Uplink {
  const link = findLink(asked, bridge);
  const speed = linkSpeed(link);
  const capacity = (key: "egressCapacity" | "ingressCapacity", given: number | null): number => {
    if (given !== null) return given;
    if (typeof speed === "number") return speed;
    throw new FairwayError(
      "capacityUnknown",
      `uplink.${key} is not set and the link's speed is not known: ${speed}`,
      `set uplink.${key} to what the wire carries, for example "1G"`,
    );
  };
  const egressCapacityBits = capacity("egressCapacity", asked.egressCapacityBits);
  return {
    name: link.name,
    mtuBytes: link.mtuBytes,
    egressCapacityBits,
    ingressCapacityBits: capacity("ingressCapacity", asked.ingressCapacityBits),
    wireBits: Math.max(egressCapacityBits, typeof speed === "number" ? speed : 0),
    gsoMaxBytes: link.gsoMaxBytes,
  };
}
