/** Who gives the addresses: Fairway itself, or another IPAM plugin. */
import { ipamPluginName } from "./plugin-name.ts";
import { isObject, type JsonObject } from "./section.ts";
import type { IpamConfig } from "./types.ts";
import type { Violations } from "./violations.ts";

/** Inside Fairway's own configuration both mean the ledger. */
export const ownIpamTypes: readonly string[] = ["fairway", ipamPluginName];

/** The IPAM plugin's type as it stands; null: Fairway's own, or none that could be run. Of any configuration, however bad. */
export function delegateIn({ ipam }: JsonObject): string | null {
  const type = isObject(ipam) ? ipam.type : undefined;
  return typeof type === "string" && type !== "" && !ownIpamTypes.includes(type) ? type : null;
}

/** As libcni looks a plugin up: its name is a file's, never a path (pkg/invoke.FindInPath). */
export function isPluginName(name: string): boolean {
  return name !== "." && name !== ".." && !/[/\0]/.test(name);
}

export function checkDelegate(delegate: string, violations: Violations): void {
  if (isPluginName(delegate)) return;
  violations.add(
    "ipam.type",
    `${JSON.stringify(delegate)} cannot name a plugin`,
    "It is the name of a file in a folder of CNI_PATH, without a path.",
  );
}

/** Where another plugin gives the addresses: nothing of them is ours to judge. */
export const noIpam: IpamConfig = {
  delegate: null,
  sets: [],
  exclude: [],
  routes: [],
  pools: {},
  stickyMs: null,
  resolvConf: null,
};
