/**
 * Makes what a verb prints when it succeeds, in the form of the version that was asked for: what that version
 * does not know is left out (CNI SPEC 1.1.0, "Success"; the earlier specs' Result types). Pure.
 */
import { type CniVersion, cniVersions } from "../config/types.ts";
import { familyOf } from "../plan/ip.ts";
import type { PodRoute } from "../plan/node.ts";

interface ResultInterface {
  name: string;
  mac?: string | null | undefined;
  /** The namespace's path; it is absent for an interface of the host. */
  sandbox?: string | null | undefined;
  mtu?: number | null | undefined;
}

interface ResultIp {
  /** Index into `interfaces`; it is absent in the result of an IPAM plugin. */
  interface?: number | null | undefined;
  /** The address with its prefix, such as "10.244.1.2/24". */
  address: string;
  gateway?: string | null | undefined;
}

export interface AddResult {
  cniVersion: CniVersion;
  /** There are none in the result of an IPAM plugin. */
  interfaces: ResultInterface[];
  ips: ResultIp[];
  routes: PodRoute[];
  dns: Record<string, unknown> | null;
}

export type Json = Record<string, unknown>;

/** `ips[].version` was required before 1.0.0 and is unknown since. */
const withIpVersion: readonly CniVersion[] = ["0.3.0", "0.3.1", "0.4.0"];
const withInterfaceMtu: readonly CniVersion[] = ["1.1.0"];
const withRouteFields: readonly CniVersion[] = ["1.1.0"];

/** Empty lists are left out and `dns` is always there, as libcni writes them. */
export function addResult(result: AddResult): Json {
  const { cniVersion, interfaces, ips, routes, dns } = result;
  return {
    cniVersion,
    ...(interfaces.length > 0 && {
      interfaces: interfaces.map((link) => interfaceJson(link, cniVersion)),
    }),
    ...(ips.length > 0 && { ips: ips.map((ip) => ipJson(ip, cniVersion)) }),
    ...(routes.length > 0 && { routes: routes.map((route) => routeJson(route, cniVersion)) }),
    dns: dns ?? {},
  };
}

/** `cniVersion` is the version that was asked with, known here or not (CNI SPEC 1.1.0, "VERSION Success"). */
export function versionResult(cniVersion: string): Json {
  return { cniVersion, supportedVersions: [...cniVersions] };
}

function interfaceJson(link: ResultInterface, cniVersion: CniVersion): Json {
  return present({
    name: link.name,
    mac: link.mac,
    mtu: withInterfaceMtu.includes(cniVersion) ? link.mtu : null,
    sandbox: link.sandbox,
  });
}

function ipJson(ip: ResultIp, cniVersion: CniVersion): Json {
  return present({
    version: withIpVersion.includes(cniVersion) ? String(familyOf(ip.address)) : null,
    interface: ip.interface,
    address: ip.address,
    gateway: ip.gateway,
  });
}

function routeJson(route: PodRoute, cniVersion: CniVersion): Json {
  const { dst, gw, mtuBytes: mtu, advmssBytes: advmss, priority, table, scope } = route;
  const fields = withRouteFields.includes(cniVersion)
    ? { mtu, advmss, priority, table, scope }
    : {};
  return present({ dst, gw, ...fields });
}

/** Leaves out what is absent: libcni's decoder of strings and numbers takes null for no value. */
function present(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
