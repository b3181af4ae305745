/** `ipam.routes`: the routes in a pod, with the fields that CNI 1.1.0 gives them. */
import { leastIpv6MtuBytes } from "../plan/ip.ts";
import type { PodRoute } from "../plan/node.ts";
import { linkScope } from "../plan/route-numbers.ts";
import { routePlace } from "../plan/routes.ts";
import * as addresses from "./addresses.ts";
import { isObject, Section } from "./section.ts";
import type { Cidr, Ip } from "./types.ts";

const listed = (subnets: readonly Cidr[]): string => subnets.map(addresses.formatCidr).join(", ");

/** Whether a pod has an address to use the route with. */
function checkFamily(route: Section, dst: Cidr, subnets: readonly Cidr[]): void {
  if (subnets.length === 0 || subnets.some(({ family }) => family === dst.family)) return;
  route.problems.add(
    route.key("dst"),
    `${addresses.formatCidr(dst)} is IPv${dst.family}, and pods get no such address (${listed(subnets)})`,
    `Give a range set of IPv${dst.family}, or remove the route.`,
  );
}

function checkGateway(
  route: Section,
  gw: Ip,
  dst: Cidr | undefined,
  subnets: readonly Cidr[],
): void {
  const text = addresses.formatIp(gw);
  if (dst !== undefined && dst.family !== gw.family) {
    route.problems.add(
      route.key("gw"),
      `${text} is IPv${gw.family}, and the route's dst ${addresses.formatCidr(dst)} IPv${dst.family}`,
      "Give a next hop of the destination's family.",
    );
    return;
  }
  if (subnets.length === 0 || subnets.some((s) => addresses.contains(s, gw))) return;
  // The kernel takes a next hop only on a network that is there already.
  route.problems.add(
    route.key("gw"),
    `${text} lies outside ${listed(subnets)}`,
    "Give a next hop that the pod can reach, or leave it out for the subnet's gateway.",
  );
}

/** The kernel knows scopes for IPv4 only: what would be ignored there is refused here. */
function checkScope(route: Section, dst: Cidr | undefined, gw: Ip | undefined): void {
  const scope = route.number("scope");
  if (scope === undefined) return;
  if (gw !== undefined && scope >= linkScope)
    route.problems.add(
      route.key("scope"),
      `${scope} is for what is reached without a next hop, and gw is ${addresses.formatIp(gw)}`,
      `Remove gw, or give a scope below ${linkScope}.`,
    );
  if (dst?.family === 6 && scope !== 0 && scope !== linkScope)
    route.problems.add(
      route.key("scope"),
      `${scope}: IPv6 routes have no scope`,
      `Remove it; 0 says the same, and ${linkScope} leaves the gateway out.`,
    );
}

/** The least MTU that every host must take (RFC 791, RFC 8200). */
const leastMtuBytes = { 4: 68, 6: leastIpv6MtuBytes } as const;

function checkMtu(route: Section, dst: Cidr): void {
  const mtu = route.number("mtu");
  const least = leastMtuBytes[dst.family];
  if (!mtu || mtu >= least) return;
  route.problems.add(
    route.key("mtu"),
    `${mtu} is below ${least}, the least that IPv${dst.family} allows`,
    "Give a larger one, or leave it out for the interface's.",
  );
}

function parseRoute(route: Section, subnets: readonly Cidr[]): PodRoute | undefined {
  const dst = route.parse("dst", addresses.parseCidr);
  const gw = route.parse("gw", addresses.parseIp);
  if (dst !== undefined) checkFamily(route, dst, subnets);
  if (gw !== undefined) checkGateway(route, gw, dst, subnets);
  checkScope(route, dst, gw);
  if (dst === undefined) return undefined;
  checkMtu(route, dst);
  const mtuBytes = route.number("mtu");
  const advmssBytes = route.number("advmss");
  const priority = route.number("priority");
  const table = route.number("table");
  const scope = route.number("scope");
  return {
    dst: addresses.formatCidr(dst),
    gw: gw === undefined ? null : addresses.formatIp(gw),
    // 0 is Go's way to say nothing, but not for a table and a scope (types.Route, containernetworking/cni).
    ...(mtuBytes ? { mtuBytes } : {}),
    ...(advmssBytes ? { advmssBytes } : {}),
    ...(priority ? { priority } : {}),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** The kernel tells routes of one table apart by destination and priority. */
function checkDistinct(routes: readonly { key: string; route: PodRoute }[], ipam: Section): void {
  const seen = new Map<string, string>();
  for (const { key, route } of routes) {
    const { table, priority } = routePlace(route);
    const name = `${route.dst} ${table} ${priority}`;
    const other = seen.get(name);
    if (other !== undefined)
      ipam.problems.add(
        key,
        `${route.dst} is a route already (${other})`,
        "Give each destination one route; another table or priority makes it another.",
      );
    seen.set(name, key);
  }
}

export function parseRoutes(ipam: Section, subnets: readonly Cidr[]): PodRoute[] {
  const routes = ipam.list("routes").flatMap((value, index) => {
    if (!isObject(value)) return [];
    const key = `${ipam.key("routes")}[${index}]`;
    const route = parseRoute(new Section(value, key, ipam.problems), subnets);
    return route === undefined ? [] : [{ key, route }];
  });
  checkDistinct(routes, ipam);
  return routes.map(({ route }) => route);
}
