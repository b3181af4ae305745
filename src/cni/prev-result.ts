/**
 * Reads the result of the ADD, as a runtime hands it back for CHECK or to the next plugin of a chain. Pure.
 * The five versions differ only in what they add, so one reader serves all.
 */
import type { CniVersion } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import type { PodRoute } from "../plan/node.ts";

export interface PrevInterface {
  name: string;
  mac: string | null;
  /** null means that it is on the host. */
  sandbox: string | null;
  mtuBytes: number | null;
}

interface PrevIp {
  /** Index into `interfaces`. */
  interface: number | null;
  /** The address as it was given, with its prefix. */
  address: string;
  gateway: string | null;
}

export interface PrevResult {
  interfaces: PrevInterface[];
  ips: PrevIp[];
  routes: PodRoute[];
  dns: Record<string, unknown> | null;
}

/**
 * Throws badConfig if there is none or if it is of another version than the configuration (no version at all
 * is accepted). Throws decode for what does not have the form of a result.
 */
export function readPrevResult(raw: unknown, cniVersion: CniVersion): PrevResult {
  if (raw === undefined || raw === null) {
    throw new FairwayError(
      "badConfig",
      "the configuration has no prevResult",
      "the runtime must hand back what ADD returned",
    );
  }
  const result = objectAt(raw, "prevResult");
  checkVersion(result.cniVersion, cniVersion);
  const interfaces = listAt(result.interfaces, "prevResult.interfaces").map(readInterface);
  return {
    interfaces,
    ips: listAt(result.ips, "prevResult.ips").map((ip, index) =>
      readIp(ip, index, interfaces.length),
    ),
    routes: listAt(result.routes, "prevResult.routes").map(readRoute),
    dns: isAbsent(result.dns) ? null : objectAt(result.dns, "prevResult.dns"),
  };
}

function checkVersion(found: unknown, cniVersion: CniVersion): void {
  // libcni writes "" for a version that was never set.
  if (isAbsent(found) || found === "" || found === cniVersion) return;
  throw new FairwayError(
    "badConfig",
    `prevResult is of cniVersion ${JSON.stringify(found)}, the configuration of ${JSON.stringify(cniVersion)}`,
    "the runtime must convert prevResult to the version of the configuration",
  );
}

function readInterface(raw: unknown, index: number): PrevInterface {
  const at = `prevResult.interfaces[${index}]`;
  const link = objectAt(raw, at);
  return {
    name: textAt(link.name, `${at}.name`),
    mac: optionalTextAt(link.mac, `${at}.mac`),
    sandbox: optionalTextAt(link.sandbox, `${at}.sandbox`),
    mtuBytes: optionalCountAt(link.mtu, `${at}.mtu`),
  };
}

function readIp(raw: unknown, index: number, interfaceCount: number): PrevIp {
  const at = `prevResult.ips[${index}]`;
  const ip = objectAt(raw, at);
  const interfaceIndex = optionalCountAt(ip.interface, `${at}.interface`);
  if (interfaceIndex !== null && interfaceIndex >= interfaceCount) {
    throw malformed(`${at}.interface`, `an index below ${interfaceCount}`, interfaceIndex);
  }
  return {
    interface: interfaceIndex,
    address: textAt(ip.address, `${at}.address`),
    gateway: optionalTextAt(ip.gateway, `${at}.gateway`),
  };
}

/** The fields that 1.1.0 added: their names in the result, and in a route of ours. */
export const routeFields = {
  mtu: "mtuBytes",
  advmss: "advmssBytes",
  priority: "priority",
  table: "table",
  scope: "scope",
} as const satisfies Record<string, keyof PodRoute>;

function readRoute(raw: unknown, index: number): PodRoute {
  const at = `prevResult.routes[${index}]`;
  const route = objectAt(raw, at);
  const fields = Object.entries(routeFields).flatMap(([name, field]) => {
    const value = optionalCountAt(route[name], `${at}.${name}`);
    return value === null ? [] : [[field, value] as const];
  });
  return {
    dst: textAt(route.dst, `${at}.dst`),
    gw: optionalTextAt(route.gw, `${at}.gw`),
    ...Object.fromEntries(fields),
  };
}

function objectAt(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(at, "an object", value);
  }
  return value as Record<string, unknown>;
}

/** Go writes an empty list as null. */
function listAt(value: unknown, at: string): unknown[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw malformed(at, "a list", value);
  return value;
}

function textAt(value: unknown, at: string): string {
  if (typeof value !== "string" || value === "") throw malformed(at, "a text", value);
  return value;
}

/** Go writes an absent text as "". */
function optionalTextAt(value: unknown, at: string): string | null {
  return isAbsent(value) || value === "" ? null : textAt(value, at);
}

function optionalCountAt(value: unknown, at: string): number | null {
  if (isAbsent(value)) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw malformed(at, "a whole number", value);
  }
  return value;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function malformed(at: string, expected: string, found: unknown): FairwayError {
  const shown = found === undefined ? "nothing" : JSON.stringify(found);
  return new FairwayError(
    "decode",
    `${at} must be ${expected}, found ${shown}`,
    "prevResult must be what ADD returned",
  );
}
