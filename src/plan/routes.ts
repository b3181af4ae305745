/**
 * A pod's routes as the kernel knows them, with the values that it fills in where a route does not give any.
 */
import { addressBits, type Family, familyOf } from "./ip.ts";
import type { KernelRoute } from "./kinds/kernelroute.ts";
import type { Netns } from "./kinds/kind.ts";
import type { Route } from "./kinds/route.ts";
import type { PodRoute } from "./node.ts";
import { subnetOf } from "./prefix.ts";
import { linkScope, mainTable, universeScope } from "./route-numbers.ts";

/** The kernel's default: IP6_RT_PRIO_USER (include/uapi/linux/ipv6_route.h), and none for IPv4. */
const defaultPriority: Record<Family, number> = { 4: 0, 6: 1024 };

export const isOnLink = ({ scope }: PodRoute): boolean => (scope ?? universeScope) >= linkScope;

/** The kernel tells routes to one destination apart by their table and their priority. */
export function routePlace({ dst, table, priority }: PodRoute): Pick<Route, "table" | "priority"> {
  return { table: table ?? mainTable, priority: priority ?? defaultPriority[familyOf(dst)] };
}

/**
 * When no scope is given, IPv4 has one that follows from the next hop (iproute_modify, iproute2). IPv6 has no
 * scopes.
 */
function scopeOf(route: PodRoute): number {
  if (familyOf(route.dst) === 6) return universeScope;
  return route.scope ?? (route.gw === null ? linkScope : universeScope);
}

export function routeObject(netns: string, dev: string, route: PodRoute): Route {
  return {
    kind: "route",
    netns,
    dev,
    dst: route.dst,
    gw: route.gw,
    ...routePlace(route),
    scope: scopeOf(route),
    mtuBytes: route.mtuBytes ?? null,
    advmssBytes: route.advmssBytes ?? null,
  };
}

/** The type that the kernel gives a route of each role. */
const typeOfRole: Record<KernelRoute["role"], string> = {
  subnet: "unicast",
  local: "local",
  multicast: "multicast",
};

/** Without the route to ff00::/8 no neighbour's question is heard (RFC 4861, 7.2). */
const multicast = "ff00::/8";

/** The routes to the subnets of the device's addresses. The first address of a subnet makes its route. */
export function subnetRoutes(netns: Netns, dev: string, cidrs: readonly string[]): KernelRoute[] {
  const found = new Map<string, KernelRoute>();
  for (const cidr of cidrs) {
    const [address = ""] = cidr.split("/");
    const dst = subnetOf(cidr);
    // A network of one address has only the route to itself.
    if (dst === null || found.has(dst)) continue;
    const source = familyOf(cidr) === 4 ? address : null;
    const role = "subnet";
    const type = typeOfRole[role];
    found.set(dst, { kind: "kernelroute", netns, role, type, dev, dst, gw: null, source });
  }
  return [...found.values()];
}

/**
 * All routes on a bridge with these gateways that the node's own packets, and those that it forwards, need.
 */
export function gatewayRoutes(dev: string, cidrs: readonly string[]): KernelRoute[] {
  const route = (role: KernelRoute["role"], dst: string, source: string | null): KernelRoute => ({
    kind: "kernelroute",
    netns: null,
    role,
    type: typeOfRole[role],
    dev,
    dst,
    gw: null,
    source,
  });
  const local = cidrs.map((cidr) => {
    const [address = ""] = cidr.split("/");
    const family = familyOf(cidr);
    return route("local", `${address}/${addressBits[family]}`, family === 4 ? address : null);
  });
  return [
    ...subnetRoutes(null, dev, cidrs),
    ...local,
    ...(cidrs.some((cidr) => familyOf(cidr) === 6) ? [route("multicast", multicast, null)] : []),
  ];
}
