/** Ranges of addresses: host-local's defaults, and rules that host-local leaves to chance. */
import * as addresses from "./addresses.ts";
import type { Section } from "./section.ts";
import type { AddressRange, Cidr, Ip } from "./types.ts";
import { notBuilt } from "./unknown-keys.ts";
import type { Violations } from "./violations.ts";

/** In a /31 or /32 nothing is left beside the network's address, the gateway and the broadcast address. */
const maxPrefixLength = 30;

/** undefined, and a violation, for IPv6. */
export function onlyIpv4<T extends { family: 4 | 6 }>(
  parsed: T | undefined,
  key: string,
  violations: Violations,
): T | undefined {
  if (parsed?.family !== 6) return parsed;
  violations.add(key, `IPv6 ${notBuilt}`, "Give an IPv4 address or network.");
  return undefined;
}

function parseSubnet(section: Section): Cidr | undefined {
  const { violations } = section;
  const key = section.key("subnet");
  const subnet = onlyIpv4(section.parse("subnet", addresses.parseCidr), key, violations);
  if (subnet === undefined || subnet.prefixLength <= maxPrefixLength) return subnet;
  violations.add(
    key,
    `${addresses.formatCidr(subnet)} is too small to give addresses from`,
    `Take a /${maxPrefixLength} or larger.`,
  );
  return undefined;
}

function hostProblem(subnet: Cidr, ip: Ip): string | null {
  if (!addresses.contains(subnet, ip)) return "lies outside";
  if (ip.value === subnet.base) return "is the network address of";
  if (ip.value === addresses.lastAddress(subnet)) return "is the broadcast address of";
  return null;
}

/** A host's address in the subnet; undefined if absent or refused. */
function parseHost(section: Section, name: string, subnet: Cidr): Ip | undefined {
  const { violations } = section;
  const key = section.key(name);
  const ip = onlyIpv4(section.parse(name, addresses.parseIp), key, violations);
  const problem = ip === undefined ? null : hostProblem(subnet, ip);
  if (ip === undefined || problem === null) return ip;
  violations.add(
    key,
    `${addresses.formatIp(ip)} ${problem} ${addresses.formatCidr(subnet)}`,
    "Give a host's address in the subnet.",
  );
  return undefined;
}

/**
 * One range, with host-local's defaults: the gateway is the first address, and addresses are given from
 * the first one that is not the gateway's to the last before the broadcast address.
 */
export function parseRange(section: Section): AddressRange | undefined {
  const subnet = parseSubnet(section);
  if (subnet === undefined) return undefined;
  const lowest = subnet.base + 1n;
  const gateway = parseHost(section, "gateway", subnet) ?? { family: 4, value: lowest };
  const start = parseHost(section, "rangeStart", subnet)?.value;
  const first = start ?? (gateway.value === lowest ? lowest + 1n : lowest);
  const end = parseHost(section, "rangeEnd", subnet)?.value;
  const last = end ?? addresses.lastAddress(subnet) - 1n;
  if (start !== undefined && end !== undefined && start > end) {
    section.violations.add(
      section.key("rangeStart"),
      `${section.text("rangeStart")} comes after rangeEnd ${section.text("rangeEnd")}`,
      "Swap them.",
    );
    return undefined;
  }
  return { subnet, first, last, gateway };
}

export function formatRange({ first, last, subnet }: AddressRange): string {
  const [from, to] = [first, last].map((value) =>
    addresses.formatIp({ family: subnet.family, value }),
  );
  return `${from}-${to}`;
}

function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Whether an address of the range is left when the pieces are taken out. Both ends are included. */
function hasRoom({ first, last }: AddressRange, taken: [bigint, bigint][]): boolean {
  let next = first;
  for (const [from, to] of taken.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (from > next) break;
    if (to >= next) next = to + 1n;
  }
  return next <= last;
}

/** A range with the name of its place, for messages. */
export interface PlacedRange {
  key: string;
  range: AddressRange;
}

/** Rules across the ranges of one set. The gateways of all of them stand on one bridge, so no pod gets any. */
export function checkRanges(
  placed: readonly PlacedRange[],
  exclude: readonly Cidr[],
  violations: Violations,
): void {
  const gateways = placed.map(({ range }): [bigint, bigint] => [
    range.gateway.value,
    range.gateway.value,
  ]);
  const excluded = exclude.map((cidr): [bigint, bigint] => [
    cidr.base,
    addresses.lastAddress(cidr),
  ]);
  for (const [index, { key, range }] of placed.entries()) {
    if (!hasRoom(range, [...gateways, ...excluded])) {
      violations.add(
        key,
        `no address is left in ${formatRange(range)} after the gateway and ipam.exclude`,
        "Widen the range or exclude less.",
      );
    }
    for (const other of placed.slice(0, index)) {
      if (!rangesOverlap(range, other.range)) continue;
      violations.add(
        key,
        `${formatRange(range)} overlaps ${other.key} (${formatRange(other.range)})`,
        "Give each address one range.",
      );
    }
  }
}
