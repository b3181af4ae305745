/** A pod's routes as the kernel knows them: what it fills in where a route says nothing. */
import { type Family, familyOf } from "./ip.ts";
import type { PodRoute } from "./node.ts";
import { linkScope, mainTable } from "./route-numbers.ts";
import type { Route } from "./state.ts";

const universeScope = 0;

/** The kernel's own: IP6_RT_PRIO_USER (include/uapi/linux/ipv6_route.h), and for IPv4 none. */
const defaultPriority: Record<Family, number> = { 4: 0, 6: 1024 };

export const isOnLink = ({ scope }: PodRoute): boolean => (scope ?? universeScope) >= linkScope;

/** Within one table the kernel tells routes apart by these. */
export function routePlace({ dst, table, priority }: PodRoute): Pick<Route, "table" | "priority"> {
  return { table: table ?? mainTable, priority: priority ?? defaultPriority[familyOf(dst)] };
}

/** Without a scope IPv4 has one that follows from the next hop (iproute_modify, iproute2); IPv6 has none. */
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
