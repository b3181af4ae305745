/** Reads what a delegated IPAM plugin's result gives. Results of all versions are read. Pure. */
import {
  contains,
  formatCidr,
  formatIp,
  networkOf,
  parseCidr,
  parseIp,
  parsePrefixedIp,
} from "../config/addresses.ts";
import { isObject } from "../config/section.ts";
import { FairwayError, messageOf } from "../errors.ts";
import type { Granted } from "../node/addresses/granted.ts";
import type { Lease, PodRoute } from "../plan/node.ts";
import { routeFields } from "./prev-result.ts";
import type { Json } from "./result.ts";

/** Go writes an empty list as null. */
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

class Reader {
  constructor(readonly plugin: string) {}

  wrong(problem: string, details?: string): FairwayError {
    return new FairwayError(
      "delegateFailed",
      `the IPAM plugin ${this.plugin} ${problem}`,
      details ?? "its addresses were given back; look at its configuration and its log",
    );
  }

  object(value: unknown, at: string): Json {
    if (isObject(value)) return value;
    throw this.wrong(`gave a result in which ${at} is no object: ${JSON.stringify(value)}`);
  }

  text(value: unknown, at: string): string {
    if (typeof value === "string" && value !== "") return value;
    throw this.wrong(`gave a result in which ${at} is no text: ${JSON.stringify(value)}`);
  }

  /** Go writes an absent text as "". */
  optionalText(value: unknown, at: string): string | null {
    return value === undefined || value === null || value === "" ? null : this.text(value, at);
  }

  parsed<T>(parse: (text: string, key: string) => T, text: string, at: string): T {
    try {
      return parse(text, at);
    } catch (error) {
      throw this.wrong(`gave a result that cannot be read: ${messageOf(error)}`);
    }
  }

  /** The bridge holds the gateway, so there has to be one, and in the address's own network. */
  lease(address: unknown, gateway: unknown, at: string): Lease {
    const text = this.text(address, `${at} (the address)`);
    const { ip, prefixLength } = this.parsed(parsePrefixedIp, text, at);
    const gw = this.optionalText(gateway, `${at}.gateway`);
    if (gw === null)
      throw this.wrong(
        `gave ${text} without a gateway`,
        "the bridge holds the subnet's gateway: have the IPAM plugin give one (ipam.gateway), or chain fairway after the plugin that it belongs to",
      );
    const network = networkOf(ip, prefixLength);
    const via = this.parsed(parseIp, gw, `${at}.gateway`);
    if (!contains(network, via) || via.value === ip.value)
      throw this.wrong(
        `gave ${text} with the gateway ${gw}, which is not another address of ${formatCidr(network)}`,
      );
    return { address: formatIp(ip), prefixLength, gateway: formatIp(via) };
  }

  route(value: unknown, at: string): PodRoute {
    const route = this.object(value, at);
    const dst = this.parsed(parseCidr, this.text(route.dst, `${at}.dst`), `${at}.dst`);
    const gw = this.optionalText(route.gw, `${at}.gw`);
    const fields = Object.entries(routeFields).flatMap(([name, field]) => {
      const count = route[name];
      if (count === undefined || count === null) return [];
      if (typeof count === "number" && Number.isInteger(count) && count >= 0)
        return [[field, count] as const];
      throw this.wrong(
        `gave a result in which ${at}.${name} is no whole number: ${JSON.stringify(count)}`,
      );
    });
    return {
      dst: formatCidr(dst),
      gw: gw === null ? null : formatIp(this.parsed(parseIp, gw, `${at}.gw`)),
      ...Object.fromEntries(fields),
    };
  }

  routes(value: unknown, at: string): PodRoute[] {
    return listOf(value).map((route, index) => this.route(route, `${at}[${index}]`));
  }
}

/** Reads a result as it was before 0.3.0: one address of each family, with its routes beside it. */
function readLegacy(reader: Reader, result: Json): Pick<Granted, "leases" | "routes"> {
  const given = ["ip4", "ip6"].flatMap((key) => {
    const part = result[key];
    return part === undefined || part === null ? [] : [{ key, part: reader.object(part, key) }];
  });
  return {
    leases: given.map(({ key, part }) => reader.lease(part.ip, part.gateway, key)),
    routes: given.flatMap(({ key, part }) => reader.routes(part.routes, `${key}.routes`)),
  };
}

/** Throws delegateFailed. */
export function readGranted(stdout: string, plugin: string): Granted {
  const reader = new Reader(plugin);
  let result: unknown;
  try {
    result = JSON.parse(stdout);
  } catch {
    throw reader.wrong(`printed no result, but ${JSON.stringify(stdout.slice(0, 200))}`);
  }
  const object = reader.object(result, "the whole");
  const isLegacy = object.ips === undefined && (isObject(object.ip4) || isObject(object.ip6));
  const { leases, routes } = isLegacy
    ? readLegacy(reader, object)
    : {
        leases: listOf(object.ips).map((ip, index) => {
          const at = `ips[${index}]`;
          const { address, gateway } = reader.object(ip, at);
          return reader.lease(address, gateway, at);
        }),
        routes: reader.routes(object.routes, "routes"),
      };
  if (leases.length === 0) throw reader.wrong("gave a result without an address");
  return { leases, routes, dns: dnsOf(object.dns) };
}

/** `{}` is how libcni writes that there is none. */
function dnsOf(dns: unknown): Json | null {
  return isObject(dns) && Object.keys(dns).length > 0 ? dns : null;
}
