/**
 * Reads what the plugins before Fairway say of the pod's interface. Pure; whether that is true the kernel
 * tells (node/facts/chained.ts).
 */
import { formatIp, parsePrefixedIp } from "../config/addresses.ts";
import { FairwayError } from "../errors.ts";
import type { Lease } from "../plan/node.ts";
import type { PrevInterface, PrevResult } from "./prev-result.ts";

export interface ChainEnd {
  /** Names on the host's side, of which one should be the pod's. It is empty where the chain names none. */
  hostNames: string[];
  leases: Lease[];
}

/** /var/run is a link to /run. */
const pathOf = (netns: string): string => netns.replace(/^\/var\/run\//, "/run/");

function lacking(what: string, todo: string): FairwayError {
  return new FairwayError(
    "badConfig",
    `prevResult: ${what}`,
    `${todo}; fairway stands in "plugins" of the conflist after the plugin that makes the pod's interface (bridge, ptp, flannel, calico), or has "ipam" of its own and is the first`,
  );
}

const shown = ({ name, sandbox }: PrevInterface): string =>
  sandbox === null ? `${name} on the host` : `${name} in ${sandbox}`;

/** The index of the pod's interface; null means that the chain tells host interfaces only, as Calico does. */
function podIndex(interfaces: PrevInterface[], ifname: string, netns: string): number | null {
  const inPods = interfaces.filter(({ sandbox }) => sandbox !== null);
  if (inPods.length === 0) return null;
  const index = interfaces.findIndex(
    ({ name, sandbox }) => name === ifname && sandbox !== null && pathOf(sandbox) === pathOf(netns),
  );
  if (index >= 0) return index;
  throw lacking(
    `no interface ${ifname} in ${netns} among its interfaces (${interfaces.map(shown).join(", ")})`,
    "the plugin before fairway has to make the interface that CNI_IFNAME names",
  );
}

function leaseOf(address: string, gateway: string | null, at: string): Lease {
  const { ip, prefixLength } = parsePrefixedIp(address, at);
  return { address: formatIp(ip), prefixLength, gateway };
}

/** Throws badConfig, which says what the chain lacks. */
export function chainEnd(prev: PrevResult, ifname: string, netns: string): ChainEnd {
  const { interfaces, ips } = prev;
  if (interfaces.length === 0)
    throw lacking(
      "no interfaces provided",
      "the plugin before fairway made no interface: put one there that does",
    );
  const pod = podIndex(interfaces, ifname, netns);
  const leases = ips.flatMap((ip, index) =>
    pod === null || ip.interface === null || ip.interface === pod
      ? [leaseOf(ip.address, ip.gateway, `prevResult.ips[${index}].address`)]
      : [],
  );
  if (leases.length === 0)
    throw lacking(
      `no IP address of ${ifname}`,
      "the plugin before fairway has to give the pod an address (its ipam)",
    );
  return {
    hostNames: interfaces.flatMap(({ name, sandbox }) => (sandbox === null ? [name] : [])),
    leases,
  };
}
