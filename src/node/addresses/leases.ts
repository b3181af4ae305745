/** What follows from a pod's addresses, and how full the range sets are. */
import { parseIp } from "../../config/addresses.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { giveableCount, isInSet, rangesText } from "../../ledger/address.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { familyOf } from "../../plan/ip.ts";
import type { Lease, PodRoute } from "../../plan/node.ts";
import { isOnLink } from "../../plan/routes.ts";

/** The address that a pod's MAC is made from: the first IPv4 address, or else the first one. */
export function macAddress(leases: readonly Lease[]): string {
  const [first] = leases.toSorted((a, b) => familyOf(a.address) - familyOf(b.address));
  if (first === undefined) throw new RangeError("a pod without an address");
  return first.address;
}

/**
 * A route without a gateway of its own takes that of the first subnet of its family, as with host-local and
 * its callers.
 */
export function withGateway(route: PodRoute, leases: readonly Lease[]): PodRoute {
  if (route.gw !== null || isOnLink(route)) return route;
  const family = familyOf(route.dst);
  const lease = leases.find(({ address }) => familyOf(address) === family);
  return { ...route, gw: lease?.gateway ?? null };
}

/**
 * How full a range set is. Addresses of pods, those that were taken over, and those that are kept count as
 * given.
 */
export interface Pool {
  network: string;
  setIndex: number;
  /** Such as "10.244.1.2-10.244.1.254". */
  ranges: string;
  given: number;
  /** It is a text, because a /64 has more than a JSON number can say. */
  total: string;
}

export function poolsOf(
  view: LedgerView,
  { ipam: { sets, exclude }, name }: NetworkConfig,
): Pool[] {
  const addresses = [
    ...view.attachments.all(name).flatMap(({ leases }) => leases),
    ...view.reservations.all(name),
    ...view.holds.all(Date.now(), name),
  ].map(({ address }) => address);
  const given = [...new Set(addresses)].map((address) => parseIp(address, "the ledger"));
  return sets.map((set, setIndex) => ({
    network: name,
    setIndex,
    ranges: rangesText(set),
    given: given.filter((ip) => isInSet(ip, set)).length,
    total: String(giveableCount({ sets, exclude, setIndex })),
  }));
}
