/**
 * Chooses the addresses of one attachment, one from each set: the one that was asked for, the one that is
 * kept for its pod, or the next that is free.
 */
import { type AddressAsk, asksNothing } from "../../config/address-ask.ts";
import { contains, formatIp, parseIp, sameIp } from "../../config/addresses.ts";
import { defaultPool, withinPool } from "../../config/pools.ts";
import type { AddressRange, Cidr, Ip, IpamConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { chooseAddress, isInSet, rangesText } from "../../ledger/address.ts";
import { type Hold, type PodKey, samePod } from "../../ledger/holds.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { holderText } from "../../ledger/reservations.ts";
import { addressBits } from "../../plan/ip.ts";
import type { Lease } from "../../plan/node.ts";

export interface ChosenAddress {
  setIndex: number;
  ip: Ip;
  range: AddressRange;
  /** Whether the next choice of this set starts after this address. */
  movesCursor: boolean;
}

export interface AddressTerms {
  network: string;
  ipam: IpamConfig;
  ask: AddressAsk;
  /** null means that the runtime did not say whose attachment it is. */
  pod: PodKey | null;
  nowMs: number;
  holders: Holders;
}

/** Who holds an address. */
export interface Holders {
  /** The holder in words; null means that the address is free. */
  of(address: string): string | null;
  among(addresses: readonly string[]): string[];
}

/** A main plugin of ours must not give what any pod of the node has, nor what this network has reserved. */
export function nodeHolders(view: LedgerView, network: string): Holders {
  const reserved = networkHolders(view, network);
  return {
    of(address) {
      const lease = view.leaseHolder(address);
      if (lease !== null) return `${lease.network}/${lease.containerId}/${lease.ifname}`;
      return reserved.of(address);
    },
    among: (addresses) => [...view.leasedAmong(addresses), ...reserved.among(addresses)],
  };
}

/**
 * An IPAM plugin must not give what its own network has reserved. Other networks do not count, because
 * isolated networks may have the same subnet.
 */
export function networkHolders(view: LedgerView, network: string): Holders {
  return {
    of(address) {
      const found = view.reservations.holder(network, address);
      return found === null ? null : holderText(found);
    },
    among: (addresses) => view.reservations.among(network, addresses),
  };
}

const untilText = (untilMs: number): string => new Date(untilMs).toISOString();

function inUse(address: string, holder: string): FairwayError {
  return new FairwayError(
    "addressInUse",
    `the requested address ${address} is in use by ${holder}`,
    "ask for another address, or remove the pod that holds it",
  );
}

/** The hold that another pod has on this address; null means that there is none. */
function foreignHold(view: LedgerView, terms: AddressTerms, address: string): Hold | null {
  const hold = view.holds.at(terms.network, address, terms.nowMs);
  if (hold === null) return null;
  return terms.pod !== null && samePod(hold, terms.pod) ? null : hold;
}

function checkPool(ip: Ip, pool: string | null, ipam: IpamConfig): void {
  const blocks = pool === null || pool === defaultPool ? undefined : ipam.pools[pool];
  if (blocks === undefined || blocks.some((block) => contains(block, ip))) return;
  if (!blocks.some((block) => block.family === ip.family)) return;
  throw new FairwayError(
    "badConfig",
    `the requested address ${formatIp(ip)} is not in the pool ${pool}, which was asked for too`,
    "ask for one of the two",
  );
}

/**
 * The requested addresses, in the order of the sets. Throws badConfig for an address that is in no set, and
 * for two addresses of one set.
 */
function requestedBySet({ ipam, ask, network }: AddressTerms): (Ip | undefined)[] {
  const bySet: (Ip | undefined)[] = ipam.sets.map(() => undefined);
  for (const ip of ask.requested) {
    const index = ipam.sets.findIndex((set) => isInSet(ip, set));
    if (index < 0)
      throw new FairwayError(
        "badConfig",
        `the requested address ${formatIp(ip)} is in no range of the network ${network}`,
        `ask for one of ${ipam.sets.map(rangesText).join(", ")}`,
      );
    const other = bySet[index];
    if (other !== undefined)
      throw new FairwayError(
        "badConfig",
        `${formatIp(other)} and ${formatIp(ip)} were requested, and are of one range set, which gives one address`,
        "request one address of each range set",
      );
    checkPool(ip, ask.pool, ipam);
    bySet[index] = ip;
  }
  return bySet;
}

interface Offer {
  set: AddressRange[];
  exclude: Cidr[];
  isPool: boolean;
}

/** The addresses of a set that a pod with this ask may get, and those that are left out of them. */
function offerOf({ ipam, ask }: AddressTerms, set: AddressRange[]): Offer {
  const pool = ask.pool === null || ask.pool === defaultPool ? null : ipam.pools[ask.pool];
  const part = pool == null ? [] : withinPool(set, pool);
  // A pool without addresses of one family leaves that family as it is.
  if (part.length > 0) return { set: part, exclude: ipam.exclude, isPool: true };
  return {
    set,
    exclude: [...ipam.exclude, ...Object.values(ipam.pools).flat()],
    isPool: false,
  };
}

function isBarred(ip: Ip, { sets, exclude }: IpamConfig): boolean {
  return (
    exclude.some((block) => contains(block, ip)) ||
    sets.flat().some(({ gateway }) => sameIp(gateway, ip))
  );
}

/** The address that was kept for this pod and may still be given. */
function keptFor(
  view: LedgerView,
  { pod, nowMs, ask, ipam }: AddressTerms,
  set: readonly AddressRange[],
): Ip | undefined {
  if (pod === null || ask.stickyMs === null) return undefined;
  return view.holds
    .of(pod, nowMs)
    .map(({ address }) => parseIp(address, "the kept address"))
    .find((ip) => isInSet(ip, set) && !isBarred(ip, ipam));
}

function exhausted(
  terms: AddressTerms,
  view: LedgerView,
  { set, isPool }: Offer,
  total: bigint,
): FairwayError {
  const what = isPool
    ? `pool ${terms.ask.pool} of network ${terms.network}`
    : `network ${terms.network}`;
  const kept = view.holds.all(terms.nowMs, terms.network).length;
  const held = kept === 0 ? "" : ` (${kept} of the network are kept for pods that went)`;
  return new FairwayError(
    "poolExhausted",
    `${what} has no free address in ${rangesText(set)}: all ${total} are given${held}`,
    "widen ipam.subnet or ipam.ranges, or free addresses that no pod uses (`fairway ipam list` lists the holders)",
  );
}

/** Throws addressInUse where somebody else has the address, or where it is kept for another pod. */
function requireFree(view: LedgerView, terms: AddressTerms, ip: Ip): void {
  const address = formatIp(ip);
  const holder = terms.holders.of(address);
  if (holder !== null) throw inUse(address, holder);
  const hold = foreignHold(view, terms, address);
  if (hold === null) return;
  throw inUse(
    address,
    `the pod ${hold.podNamespace}/${hold.podName}, for which it is kept until ${untilText(hold.untilMs)}`,
  );
}

/** How many addresses are looked up at once: the number grows by `factor` each time, up to `most`. */
const runs = { first: 1, factor: 8, most: 4096 };

/** Tells whether an address is taken. It is for a caller that asks for one address after the other. */
function takenInRuns(view: LedgerView, terms: AddressTerms): (ip: Ip) => boolean {
  const { network, pod, nowMs, holders } = terms;
  let size = runs.first;
  let known = { first: 0n, end: 0n, taken: new Set<string>() };
  return (ip) => {
    if (ip.value < known.first || ip.value >= known.end) {
      const end = [ip.value + BigInt(size), 1n << BigInt(addressBits[ip.family])].reduce((a, b) =>
        a < b ? a : b,
      );
      const run = Array.from({ length: Number(end - ip.value) }, (_, at) =>
        formatIp({ family: ip.family, value: ip.value + BigInt(at) }),
      );
      const kept = view.holds
        .among(network, run, nowMs)
        .filter((hold) => pod === null || !samePod(hold, pod));
      const taken = new Set([...holders.among(run), ...kept.map(({ address }) => address)]);
      known = { first: ip.value, end, taken };
      size = Math.min(size * runs.factor, runs.most);
    }
    return known.taken.has(formatIp(ip));
  };
}

function chooseFromSet(
  view: LedgerView,
  terms: AddressTerms,
  setIndex: number,
  asked: Ip | undefined,
): ChosenAddress {
  const { ipam, network } = terms;
  const offer = offerOf(terms, ipam.sets[setIndex] ?? []);
  const requested = asked ?? keptFor(view, terms, offer.set);
  if (requested !== undefined) requireFree(view, terms, requested);
  const choice = chooseAddress({
    setIndex,
    taken: takenInRuns(view, terms),
    ...(requested === undefined
      ? {
          sets: ipam.sets.map((each, index) => (index === setIndex ? offer.set : each)),
          exclude: offer.exclude,
          last: offer.isPool ? null : view.cursor(network, setIndex),
        }
      : { sets: ipam.sets, exclude: ipam.exclude, last: null, requested }),
  });
  if ("exhausted" in choice) throw exhausted(terms, view, offer, choice.exhausted.total);
  // An address that was asked for or kept does not move the cursor. A pool has no cursor, because what its
  // pods had is kept for them.
  return { setIndex, ...choice, movesCursor: requested === undefined && !offer.isPool };
}

/** Throws poolExhausted, addressInUse, badConfig. */
export function chooseAddresses(view: LedgerView, terms: AddressTerms): ChosenAddress[] {
  const { ipam, network } = terms;
  if (ipam.sets.length === 0)
    throw new FairwayError(
      "badConfig",
      `network ${network} has no range to give addresses from`,
      "give ipam.subnet or ipam.ranges, or have the runtime give ipRanges",
    );
  const requested = requestedBySet(terms);
  return ipam.sets.map((_, index) => chooseFromSet(view, terms, index, requested[index]));
}

/** STATUS uses this: it throws what the next pod that asks for nothing would meet. */
export function requireNextAddresses(
  view: LedgerView,
  network: string,
  ipam: IpamConfig,
  holders: Holders,
): void {
  // Without a set, another plugin gives the addresses, or the runtime gives the ranges with each pod.
  if (ipam.sets.length === 0) return;
  const terms = { network, ipam, ask: asksNothing, pod: null, nowMs: Date.now(), holders };
  chooseAddresses(view, terms);
}

export const leaseOf = ({ ip, range }: ChosenAddress): Lease => ({
  address: formatIp(ip),
  prefixLength: range.subnet.prefixLength,
  gateway: formatIp(range.gateway),
});

/** Call it inside `exclusively`. */
export function moveCursors(
  ledger: Ledger,
  network: string,
  chosen: readonly ChosenAddress[],
): void {
  for (const { setIndex, ip, movesCursor } of chosen)
    if (movesCursor) ledger.setCursor(network, setIndex, ip.value);
}
