/** Ranges of addresses: host-local's defaults, and rules that host-local leaves to chance. */
import type { Family } from "../plan/ip.ts";
import * as addresses from "./addresses.ts";
import type { Problems } from "./problems.ts";
import type { Section } from "./section.ts";
import type { AddressRange, Cidr, Ip } from "./types.ts";

/** In a /31 or /32 (/127, /128) nothing is left beside the network's address, the gateway and the last address. */
const maxPrefixLength: Record<Family, number> = { 4: 30, 6: 126 };

function subnetProblem(subnet: Cidr): { problem: string; advice: string } | null {
  const { family, prefixLength } = subnet;
  return prefixLength <= maxPrefixLength[family]
    ? null
    : {
        problem: "is too small to give addresses from",
        advice: `Take a /${maxPrefixLength[family]} or larger.`,
      };
}

function parseSubnet(section: Section): Cidr | undefined {
  const subnet = section.parse("subnet", addresses.parseCidr);
  const found = subnet === undefined ? null : subnetProblem(subnet);
  if (subnet === undefined || found === null) return subnet;
  section.problems.add(
    section.key("subnet"),
    `${addresses.formatCidr(subnet)} ${found.problem}`,
    found.advice,
  );
  return undefined;
}

function hostProblem(subnet: Cidr, ip: Ip): string | null {
  if (!addresses.contains(subnet, ip)) return "lies outside";
  if (ip.value === subnet.base) return "is the network address of";
  if (ip.family === 4 && ip.value === addresses.lastAddress(subnet))
    return "is the broadcast address of";
  return null;
}

/** A host's address in the subnet; undefined if absent or refused. */
function parseHost(section: Section, name: string, subnet: Cidr): Ip | undefined {
  const { problems } = section;
  const key = section.key(name);
  const ip = section.parse(name, addresses.parseIp);
  const problem = ip === undefined ? null : hostProblem(subnet, ip);
  if (ip === undefined || problem === null) return ip;
  problems.add(
    key,
    `${addresses.formatIp(ip)} ${problem} ${addresses.formatCidr(subnet)}`,
    "Give a host's address in the subnet.",
  );
  return undefined;
}

/**
 * One range, with host-local's defaults: the gateway is the first address, and addresses are given from
 * the first one that is not the gateway's to the last, for IPv4 before the broadcast address.
 */
export function parseRange(section: Section): AddressRange | undefined {
  const subnet = parseSubnet(section);
  if (subnet === undefined) return undefined;
  const lowest = subnet.base + 1n;
  const gateway = parseHost(section, "gateway", subnet) ?? { family: subnet.family, value: lowest };
  const start = parseHost(section, "rangeStart", subnet)?.value;
  const first = start ?? (gateway.value === lowest ? lowest + 1n : lowest);
  const end = parseHost(section, "rangeEnd", subnet)?.value;
  const last = end ?? addresses.lastAddress(subnet) - (subnet.family === 4 ? 1n : 0n);
  if (start !== undefined && end !== undefined && start > end) {
    section.problems.add(
      section.key("rangeStart"),
      `${section.text("rangeStart")} comes after rangeEnd ${section.text("rangeEnd")}`,
      "Swap them.",
    );
    return undefined;
  }
  return { subnet, first, last, gateway };
}

function formatRange({ first, last, subnet }: AddressRange): string {
  const [from, to] = [first, last].map((value) =>
    addresses.formatIp({ family: subnet.family, value }),
  );
  return `${from}-${to}`;
}

function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.subnet.family === b.subnet.family && a.first <= b.last && b.first <= a.last;
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

/**
 * The addresses of one family that no pod gets: the gateways of all ranges, which stand on one bridge, and
 * what is excluded.
 */
function takenOf(
  family: Family,
  placed: readonly PlacedRange[],
  exclude: readonly Cidr[],
): [bigint, bigint][] {
  const gateways = placed.map(({ range }) => range.gateway).filter((ip) => ip.family === family);
  const excluded = exclude.filter((cidr) => cidr.family === family);
  return [
    ...gateways.map(({ value }): [bigint, bigint] => [value, value]),
    ...excluded.map((cidr): [bigint, bigint] => [cidr.base, addresses.lastAddress(cidr)]),
  ];
}

/** Rules across the ranges of all sets. */
export function checkRanges(
  placed: readonly PlacedRange[],
  exclude: readonly Cidr[],
  problems: Problems,
): void {
  for (const [index, { key, range }] of placed.entries()) {
    if (!hasRoom(range, takenOf(range.subnet.family, placed, exclude))) {
      problems.add(
        key,
        `no address is left in ${formatRange(range)} after the gateway and ipam.exclude`,
        "Widen the range or exclude less.",
      );
    }
    for (const other of placed.slice(0, index)) {
      if (!rangesOverlap(range, other.range)) continue;
      problems.add(
        key,
        `${formatRange(range)} overlaps ${other.key} (${formatRange(other.range)})`,
        "Give each address one range.",
      );
    }
  }
}

/** A pod gets one address from a set, so a set of two families would give it now one and now the other. */
export function checkFamilies(set: readonly PlacedRange[], problems: Problems): void {
  const [first, ...others] = set;
  for (const { key, range } of others) {
    if (range.subnet.family === first?.range.subnet.family) continue;
    problems.add(
      key,
      `${addresses.formatCidr(range.subnet)} is IPv${range.subnet.family}, the set's first range is IPv${first?.range.subnet.family}`,
      "Give each family a set of its own: a pod gets one address from each set.",
    );
  }
}
