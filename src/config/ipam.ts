import type { PodRoute } from "../plan/node.ts";
import * as addresses from "./addresses.ts";
import { checkRanges, onlyIpv4, type PlacedRange, parseRange } from "./ranges.ts";
import { isObject, Section } from "./section.ts";
import type { Cidr, IpamConfig } from "./types.ts";
import { notBuilt } from "./unknown-keys.ts";

/** A set as it stands in the configuration: one section a range. */
type RangeSet = Section[];

/**
 * The range at the top of `ipam`, and `ranges`. host-local puts the first before the others, as a set
 * of its own (LoadIPAMConfig, plugins/ipam/host-local/backend/allocator/config.go).
 */
function rangeSets(ipam: Section): RangeSet[] {
  const sets = ipam.list("ranges").flatMap((set, i): RangeSet[] => {
    if (!Array.isArray(set)) return [];
    const key = `${ipam.key("ranges")}[${i}]`;
    if (set.length === 0) ipam.violations.add(key, "has no range");
    return [
      set.flatMap((range, j) =>
        isObject(range) ? [new Section(range, `${key}[${j}]`, ipam.violations)] : [],
      ),
    ];
  });
  return ipam.has("subnet") ? [[ipam], ...sets] : sets;
}

function checkSets(ipam: Section, sets: readonly RangeSet[]): void {
  const { violations } = ipam;
  if (!ipam.has("subnet")) {
    for (const name of ["rangeStart", "rangeEnd", "gateway"].filter((key) => ipam.has(key))) {
      violations.add(ipam.key(name), "belongs to a subnet", `Give ${ipam.key("subnet")} too.`);
    }
  }
  const given = ipam.has("subnet") || ipam.list("ranges").length > 0;
  if (!given && (!ipam.has("ranges") || Array.isArray(ipam.get("ranges")))) {
    violations.add(
      ipam.key("subnet"),
      "is missing",
      'Give a subnet, as in "10.244.1.0/24", or ranges.',
    );
  }
  if (sets.length > 1) {
    violations.add(
      ipam.key("ranges"),
      `more than one range set (${sets.length}) ${notBuilt}`,
      "A pod gets one address: put all ranges into one set; a subnet at the top of ipam is a set of its own.",
    );
  }
}

/** A network, or a single address. */
function parseExcluded(text: string, key: string): Cidr {
  if (text.includes("/")) return addresses.parseCidr(text, key);
  const { family, value } = addresses.parseIp(text, key);
  return { family, base: value, prefixLength: family === 4 ? 32 : 128 };
}

/** CIDRs of a list, IPv4 only. */
export function parseCidrs(
  section: Section,
  name: string,
  parse: (text: string, key: string) => Cidr = addresses.parseCidr,
): Cidr[] {
  return section
    .parseEach(name, (text, key) => ({ key, cidr: parse(text, key) }))
    .flatMap(({ key, cidr }) => {
      const checked = onlyIpv4(cidr, key, section.violations);
      return checked === undefined ? [] : [checked];
    });
}

function checkExcluded(ipam: Section, exclude: readonly Cidr[], subnets: readonly Cidr[]): void {
  for (const cidr of exclude) {
    if (subnets.some((subnet) => addresses.overlaps(subnet, cidr))) continue;
    ipam.violations.add(
      ipam.key("exclude"),
      `${addresses.formatCidr(cidr)} lies outside ${subnets.map(addresses.formatCidr).join(", ")}`,
      "Remove it, or correct it.",
    );
  }
}

function parseRoute(route: Section, subnets: readonly Cidr[]): PodRoute | undefined {
  const { violations } = route;
  const dst = onlyIpv4(route.parse("dst", addresses.parseCidr), route.key("dst"), violations);
  const gw = onlyIpv4(route.parse("gw", addresses.parseIp), route.key("gw"), violations);
  if (gw !== undefined && subnets.length > 0 && !subnets.some((s) => addresses.contains(s, gw))) {
    // The kernel takes a next hop only on a network that is there already.
    violations.add(
      route.key("gw"),
      `${addresses.formatIp(gw)} lies outside ${subnets.map(addresses.formatCidr).join(", ")}`,
      "Give a next hop that the pod can reach, or leave it out for the subnet's gateway.",
    );
  }
  if (dst === undefined) return undefined;
  return { dst: addresses.formatCidr(dst), gw: gw === undefined ? null : addresses.formatIp(gw) };
}

function parseRoutes(ipam: Section, subnets: readonly Cidr[]): PodRoute[] {
  return ipam.list("routes").flatMap((value, index) => {
    if (!isObject(value)) return [];
    const key = `${ipam.key("routes")}[${index}]`;
    const route = parseRoute(new Section(value, key, ipam.violations), subnets);
    return route === undefined ? [] : [route];
  });
}

/** `ipam`: the value of the key; its violations go to its section's. */
export function parseIpam(ipam: Section): IpamConfig {
  const written = rangeSets(ipam);
  checkSets(ipam, written);
  const sets = written.map((set) =>
    set.flatMap((section): PlacedRange[] => {
      const range = parseRange(section);
      const key = section === ipam ? ipam.key("subnet") : section.place;
      return range === undefined ? [] : [{ key, range }];
    }),
  );
  const exclude = parseCidrs(ipam, "exclude", parseExcluded);
  const subnets = sets.flat().map(({ range }) => range.subnet);
  if (subnets.length > 0) checkExcluded(ipam, exclude, subnets);
  for (const set of sets) checkRanges(set, exclude, ipam.violations);
  return {
    sets: sets.map((set) => set.map(({ range }) => range)),
    exclude,
    routes: parseRoutes(ipam, subnets),
  };
}
