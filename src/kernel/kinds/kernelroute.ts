import { bytesOfIp, familyOf } from "../../plan/ip.ts";
import { type KernelRoute, kernelRoutePlace } from "../../plan/kinds/kernelroute.ts";
import type { Look } from "../look.ts";
import { NLM_F, RTA, RTPROT_KERNEL, routeTypes } from "../netlink/tables.ts";
import type { RouteEntry } from "../read/links.ts";
import { attribute } from "../write/request.ts";
import { putting, routeRequest } from "../write/routes.ts";
import type { KernelKind } from "./kind.ts";

/** The metric is not compared: a route with a metric of somebody's own leads there all the same. */
const isOfRole =
  ({ type, dst }: KernelRoute, table: number) =>
  (route: RouteEntry): boolean =>
    route.dst === dst && route.table === table && routeTypes[route.type] === type;

/**
 * The kernel makes this route a moment after the address is there (addrconf_dad_work, net/ipv6/addrconf.c).
 */
const addrconfMs = 20;

function observe(look: Look, want: KernelRoute, isSecondLook = false): KernelRoute | null {
  const { netns, role, dev, dst } = want;
  if (dev === null) return null;
  const { table, priority } = kernelRoutePlace(want);
  const through = netns === null ? look.routes(dev, familyOf(dst)) : look.pod(netns, dev).routes;
  const [found] = through.filter(isOfRole(want, table)).toSorted((a, b) => a.priority - b.priority);
  if (found !== undefined) return { ...want, gw: found.gw, source: found.source };
  const link = netns === null ? look.link(dev) : null;
  if (link === null) return null;
  // This route comes with the first port (addrconf_notify, net/ipv6/addrconf.c).
  if (role === "multicast") return link.isRunning ? null : want;
  if (role === "local" && familyOf(dst) === 6 && !isSecondLook) {
    Bun.sleepSync(addrconfMs);
    look.forgetRoutes();
    return observe(look, want, true);
  }
  // Another device's route in exactly this place, or a route that leads nowhere, prevents ours.
  const [other] = look
    .routesTo(dst)
    .filter((route) => route.table === table && route.priority === priority);
  if (other === undefined) return null;
  const to = other.oifIndex === null ? null : (look.linkNumbered(other.oifIndex)?.name ?? null);
  const type = routeTypes[other.type] ?? `type ${other.type}`;
  return { ...want, type, dev: to, gw: other.gw, source: other.source };
}

export const kernelroute: KernelKind<"kernelroute"> = {
  observe: (look, want) => observe(look, want),
  message: (op, route) => {
    const { role, type, dev, dst, gw, source } = route;
    const { scope, ...place } = kernelRoutePlace(route);
    const hasScope = familyOf(dst) === 6 || (gw === null && dev !== null);
    return routeRequest(
      op,
      { dst, gw, dev, ...place, type: routeTypes.indexOf(type) },
      // The route to the groups stands next to those of other devices.
      role === "multicast" ? NLM_F.CREATE | NLM_F.APPEND : putting,
      { protocol: RTPROT_KERNEL, scope: hasScope ? scope : 0 },
      ...(source === null ? [] : [attribute(RTA.PREFSRC, bytesOfIp(source))]),
    );
  },
};
