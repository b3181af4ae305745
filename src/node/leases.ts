/** A pod's addresses: one from each range set, the next free one or the one that was requested. */
import { formatIp, parseIp } from "../config/addresses.ts";
import type { AddressRange, Ip, NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { chooseAddress, giveableCount, isInSet, rangesText } from "../ledger/address.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { familyOf } from "../plan/ip.ts";
import type { Lease, PodRoute } from "../plan/node.ts";
import { isOnLink } from "../plan/routes.ts";

/** Where the next choice from a set starts. */
export interface Cursor {
  set: number;
  value: bigint;
}

export interface ChosenLeases {
  leases: Lease[];
  cursors: Cursor[];
}

/** A requested address may carry a prefix length; the range's own counts. */
const parseRequested = (text: string): Ip =>
  parseIp(text.split("/")[0] ?? "", "the requested address");

/** For each set the address that was requested of it, as host-local has it. Throws badConfig. */
function requestedOf(sets: AddressRange[][], requested: readonly string[]): (Ip | undefined)[] {
  const found: (Ip | undefined)[] = sets.map(() => undefined);
  for (const text of requested) {
    const ip = parseRequested(text);
    const index = sets.findIndex((set) => isInSet(ip, set));
    if (index < 0)
      throw new FairwayError(
        "badConfig",
        `the requested address ${formatIp(ip)} is in no range of the network`,
        `ask for one of ${sets.map(rangesText).join(", ")}`,
      );
    const other = found[index];
    if (other !== undefined)
      throw new FairwayError(
        "badConfig",
        `${requested.length} addresses were requested (${requested.join(", ")}), and ${formatIp(other)} and ${formatIp(ip)} are of one range set, which gives one`,
        `request one address of each set (${sets.map(rangesText).join("; ")})`,
      );
    found[index] = ip;
  }
  return found;
}

/** Throws poolExhausted, addressInUse, badConfig. */
export function chooseLeases(
  view: LedgerView,
  { ipam: { sets, exclude }, name }: NetworkConfig,
  requested: readonly string[],
): ChosenLeases {
  const wanted = requestedOf(sets, requested);
  const chosen = sets.map((set, setIndex): { lease: Lease; cursor: Cursor } => {
    const choice = chooseAddress({
      sets,
      exclude,
      setIndex,
      last: view.cursor(name, setIndex),
      taken: (ip) => view.leaseHolder(formatIp(ip)) !== null,
      requested: wanted[setIndex],
    });
    if ("exhausted" in choice)
      throw new FairwayError(
        "poolExhausted",
        `network ${name} has no free address in ${rangesText(set)}: all ${choice.exhausted.total} are given`,
        "widen ipam.subnet or ipam.ranges, or free addresses that no pod uses (`fairway status` lists the holders)",
      );
    const { ip, range } = choice;
    return {
      lease: {
        address: formatIp(ip),
        prefixLength: range.subnet.prefixLength,
        gateway: formatIp(range.gateway),
      },
      cursor: { set: setIndex, value: ip.value },
    };
  });
  return { leases: chosen.map(({ lease }) => lease), cursors: chosen.map(({ cursor }) => cursor) };
}

/** What a pod's MAC is made from: the first IPv4 address, else the first. */
export function macAddress(leases: readonly Lease[]): string {
  const [first] = leases.toSorted((a, b) => familyOf(a.address) - familyOf(b.address));
  if (first === undefined) throw new RangeError("a pod without an address");
  return first.address;
}

/** As host-local and its callers have it: a route without a gateway of its own takes that of the first subnet of its family. */
export function withGateway(route: PodRoute, leases: readonly Lease[]): PodRoute {
  if (route.gw !== null || isOnLink(route)) return route;
  const family = familyOf(route.dst);
  const lease = leases.find(({ address }) => familyOf(address) === family);
  return { ...route, gw: lease?.gateway ?? null };
}

/** How full a range set is. */
export interface Pool {
  network: string;
  setIndex: number;
  /** "10.244.1.2-10.244.1.254" */
  ranges: string;
  given: number;
  /** Text: a /64 has more than a JSON number can say. */
  total: string;
}

export function poolsOf(
  view: LedgerView,
  { ipam: { sets, exclude }, name }: NetworkConfig,
): Pool[] {
  const given = view.attachments
    .all(name)
    .flatMap(({ leases }) => leases.map(({ address }) => parseIp(address, "the ledger")));
  return sets.map((set, setIndex) => ({
    network: name,
    setIndex,
    ranges: rangesText(set),
    given: given.filter((ip) => isInSet(ip, set)).length,
    total: String(giveableCount({ sets, exclude, setIndex })),
  }));
}
