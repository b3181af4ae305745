import * as addresses from "./addresses.ts";
import { parsePath } from "./paths.ts";
import { parseBlock, parsePools } from "./pools.ts";
import { checkFamilies, checkRanges, type PlacedRange, parseRange } from "./ranges.ts";
import { parseRoutes } from "./routes.ts";
import { runtimeRangeSets } from "./runtime-ranges.ts";
import { isObject, Section } from "./section.ts";
import { parseStickyMs } from "./sticky.ts";
import type { Cidr, IpamConfig } from "./types.ts";

/** A set as it stands in the configuration, with one section for each range. */
type RangeSet = Section[];

/**
 * The range at the top of `ipam`, and `ranges`. host-local puts the first before the others, as a set
 * of its own (LoadIPAMConfig, plugins/ipam/host-local/backend/allocator/config.go).
 */
function rangeSets(ipam: Section): RangeSet[] {
  const sets = ipam.list("ranges").flatMap((set, i): RangeSet[] => {
    if (!Array.isArray(set)) return [];
    const key = `${ipam.key("ranges")}[${i}]`;
    if (set.length === 0) ipam.problems.add(key, "has no range");
    return [
      set.flatMap((range, j) =>
        isObject(range) ? [new Section(range, `${key}[${j}]`, ipam.problems)] : [],
      ),
    ];
  });
  return ipam.has("subnet") ? [[ipam], ...sets] : sets;
}

function checkSets(ipam: Section, runtimeGives: boolean): void {
  const { problems } = ipam;
  if (!ipam.has("subnet")) {
    for (const name of ["rangeStart", "rangeEnd", "gateway"].filter((key) => ipam.has(key))) {
      problems.add(ipam.key(name), "belongs to a subnet", `Give ${ipam.key("subnet")} too.`);
    }
  }
  const given = ipam.has("subnet") || ipam.list("ranges").length > 0 || runtimeGives;
  if (!given && (!ipam.has("ranges") || Array.isArray(ipam.get("ranges")))) {
    problems.add(
      ipam.key("subnet"),
      "is missing",
      'Give a subnet, as in "10.244.1.0/24", or ranges.',
    );
  }
}

function checkExcluded(ipam: Section, exclude: readonly Cidr[], subnets: readonly Cidr[]): void {
  for (const cidr of exclude) {
    if (subnets.some((subnet) => addresses.overlaps(subnet, cidr))) continue;
    ipam.problems.add(
      ipam.key("exclude"),
      `${addresses.formatCidr(cidr)} lies outside ${subnets.map(addresses.formatCidr).join(", ")}`,
      "Remove it, or correct it.",
    );
  }
}

/** Whether the runtime gives range sets to each pod. Then a verb that is not about a pod sees none. */
function runtimeGivesRanges(root: Section): boolean {
  return root.section("capabilities").flag("ipRanges") === true;
}

/**
 * `root` is the plugin configuration. `ipRanges` are the runtime's range sets, which go before all others as
 * they do in host-local.
 */
export function parseIpam(root: Section, ipRanges: readonly unknown[]): IpamConfig {
  const ipam = root.section("ipam");
  const runtime = runtimeRangeSets(ipRanges, ipam.problems);
  const written = [...runtime, ...rangeSets(ipam)];
  checkSets(ipam, ipRanges.length > 0 || runtimeGivesRanges(root));
  const sets = written.map((set) =>
    set.flatMap((section): PlacedRange[] => {
      const range = parseRange(section);
      const key = section === ipam ? ipam.key("subnet") : section.place;
      return range === undefined ? [] : [{ key, range }];
    }),
  );
  const exclude = ipam.parseEach("exclude", parseBlock);
  const subnets = sets.flat().map(({ range }) => range.subnet);
  if (subnets.length > 0) checkExcluded(ipam, exclude, subnets);
  for (const set of sets) checkFamilies(set, ipam.problems);
  checkRanges(sets.flat(), exclude, ipam.problems);
  const ranges = sets.map((set) => set.map(({ range }) => range));
  return {
    delegate: null,
    sets: ranges,
    exclude,
    routes: parseRoutes(ipam, subnets),
    pools: parsePools(ipam, ranges),
    stickyMs: ipam.parse("stickyFor", parseStickyMs) ?? null,
    resolvConf: ipam.parse("resolvConf", parsePath) ?? null,
  };
}
