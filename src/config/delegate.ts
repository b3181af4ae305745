/** Who gives the addresses: Fairway itself, or another IPAM plugin. */
import { ipamPluginName } from "./plugin-name.ts";
import type { Problems } from "./problems.ts";
import { isObject, type JsonObject } from "./section.ts";
import type { IpamConfig } from "./types.ts";

/** Inside Fairway's own configuration both mean the ledger. */
export const ownIpamTypes: readonly string[] = ["fairway", ipamPluginName];

/**
 * The IPAM plugin's type as it stands; null means Fairway's own, or none that could be run. It reads any
 * configuration, however bad.
 */
export function delegateIn({ ipam }: JsonObject): string | null {
  const type = isObject(ipam) ? ipam.type : undefined;
  return typeof type === "string" && type !== "" && !ownIpamTypes.includes(type) ? type : null;
}

/** libcni looks a plugin up by the name of a file, never by a path (pkg/invoke.FindInPath). */
export function isPluginName(name: string): boolean {
  return name !== "." && name !== ".." && !/[/\0]/.test(name);
}

export function checkDelegate(delegate: string, problems: Problems): void {
  if (isPluginName(delegate)) return;
  problems.add(
    "ipam.type",
    `${JSON.stringify(delegate)} cannot name a plugin`,
    "It is the name of a file in a folder of CNI_PATH, without a path.",
  );
}

/** This stands where another plugin gives the addresses, because nothing of them is ours to judge. */
export const noIpam: IpamConfig = {
  delegate: null,
  sets: [],
  exclude: [],
  routes: [],
  pools: {},
  stickyMs: null,
  resolvConf: null,
};
