import { addressBits, familyOf } from "../ip.ts";
import { subnetOf } from "../prefix.ts";
import { linkScope, localTable, mainTable, universeScope } from "../route-numbers.ts";
import {
  act,
  always,
  difference,
  fields,
  interfaceKey,
  type Kind,
  type Netns,
  type Op,
  where,
} from "./kind.ts";
import type { Route } from "./route.ts";

/**
 * A route that the kernel makes by itself with an address: to the address's subnet, to the address itself, or
 * to the groups that its neighbours speak to. Somebody may delete it while the address stays, and then
 * nothing passes. It is put back only where the kernel will not do so itself (`isBrought`).
 */
export interface KernelRoute {
  kind: "kernelroute";
  netns: Netns;
  role: "subnet" | "local" | "multicast";
  /**
   * What the route does, in the word of ip(8). Ours is "unicast", "local" or "multicast"; a route that stands
   * in its place may be "blackhole" or similar.
   */
  type: string;
  /** null means that the route in this place leads to no device (a blackhole). */
  dev: string | null;
  /** The subnet, the address with all its bits, or ff00::/8. */
  dst: string;
  gw: string | null;
  /**
   * For IPv4, the address that the route comes with. It is the source address of what is sent to the subnet
   * by this route. It is null for IPv6.
   */
  source: string | null;
}

const words: Record<KernelRoute["role"], string> = {
  subnet: "route to",
  local: "route to its own address",
  multicast: "route to the groups",
};

/** RT_SCOPE_HOST (include/uapi/linux/rtnetlink.h); IP6_RT_PRIO_ADDRCONF (include/net/ip6_route.h). */
const hostScope = 254;
const addrconfPriority = 256;

/**
 * The place that the kernel gives to the routes that it makes with an address (fib_add_ifaddr, net/ipv4;
 * addrconf.c, net/ipv6).
 */
export function kernelRoutePlace({
  role,
  dst,
}: Pick<KernelRoute, "role" | "dst">): Pick<Route, "table" | "priority" | "scope"> {
  const table = role === "subnet" ? mainTable : localTable;
  if (familyOf(dst) === 6)
    return { table, priority: role === "local" ? 0 : addrconfPriority, scope: universeScope };
  return { table, priority: 0, scope: role === "local" ? hostScope : linkScope };
}

function comesWith({ role, dst }: KernelRoute, cidr: string): boolean {
  const [address = ""] = cidr.split("/");
  return role === "subnet"
    ? subnetOf(cidr) === dst
    : dst === `${address}/${addressBits[familyOf(cidr)]}`;
}

/**
 * The route is made as the kernel makes it, so that it is deleted together with its address, as the kernel's
 * own is.
 */
function lineText(op: Op, route: KernelRoute): string {
  const { role, type, dev, dst, gw, source } = route;
  const { table, priority, scope } = kernelRoutePlace(route);
  const place = [
    `${type === "unicast" ? "" : `${type} `}${dst}`,
    ...(gw === null ? [] : [`via ${gw}`]),
    ...(dev === null ? [] : [`dev ${dev}`]),
    ...(table === mainTable ? [] : ["table local"]),
    ...(priority === 0 ? [] : [`metric ${priority}`]),
  ].join(" ");
  if (op === "delete") return `route del ${place}`;
  // The kernel may have been faster, so the verb is "replace". The route to the groups stands next to those
  // of other devices, so it is appended.
  const verb = role === "multicast" ? "append" : "replace";
  const isScoped = familyOf(dst) === 4 && gw === null && dev !== null;
  const scoped = isScoped ? ` scope ${scope === linkScope ? "link" : "host"}` : "";
  return `route ${verb} ${place} proto kernel${scoped}${source === null ? "" : ` src ${source}`}`;
}

export const kernelroute: Kind<KernelRoute, Op> = {
  // On the node the key leaves the device out, so that another device's route in this place is found there.
  key: ({ netns, role, dev, dst }) =>
    `kernelroute ${where(netns)} ${role} ${dst}${netns !== null || role === "multicast" ? ` ${dev}` : ""}`,
  title: ({ netns, role, dev, dst }) =>
    `${netns === null ? "the node's" : "the pod's own"} ${words[role]} ${dst}${dev === null ? "" : ` on ${dev}`}`,
  containers: ({ netns, dev }) => [interfaceKey(netns, String(dev))],
  differ: (want, have) => [
    ...fields<KernelRoute>("type", "dev", "gw")(want, have),
    // Without a source the kernel takes the first address of the device, which is the same one.
    ...(have.source === null ? [] : difference("source", want.source, have.source)),
  ],
  // The kernel deletes it together with its address.
  stays: always,
  isBrought: (route, { netns, dev, cidr, family }) =>
    route.netns === netns &&
    route.dev === dev &&
    (cidr === undefined || comesWith(route, cidr)) &&
    (family === undefined || familyOf(route.dst) === family),
  acts: (op, route) => [act("ip", lineText(op, route), op, route.netns)],
};
