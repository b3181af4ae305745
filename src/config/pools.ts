/** `ipam.pools`: addresses set apart, for pods that ask for them by the pool's name. */
import { addressBits } from "../plan/ip.ts";
import * as addresses from "./addresses.ts";
import { Section } from "./section.ts";
import type { AddressRange, Cidr } from "./types.ts";

/** The addresses that are in no pool, for a pod that asks to keep one of those. */
export const defaultPool = "default";

/** The name is one as Kubernetes has them: a label of RFC 1123. */
export const poolAdvice = "A pool's name has up to 63 lower-case letters, digits and '-'.";
export const poolPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export type Pools = Record<string, Cidr[]>;

function nameProblem(name: string): string | null {
  if (name === defaultPool) return "is the name of all that is in no pool";
  return poolPattern.test(name) ? null : "cannot name a pool";
}

/** A network, or a single address. */
export function parseBlock(text: string, key: string): Cidr {
  if (text.includes("/")) return addresses.parseCidr(text, key);
  const { family, value } = addresses.parseIp(text, key);
  return addresses.networkOf({ family, value }, addressBits[family]);
}

function checkOverlaps(pools: Section, parsed: [string, Cidr[]][]): void {
  const all = parsed.flatMap(([name, blocks]) => blocks.map((block) => ({ name, block })));
  for (const [index, { name, block }] of all.entries())
    for (const other of all.slice(0, index)) {
      if (!addresses.overlaps(block, other.block)) continue;
      pools.problems.add(
        pools.key(name),
        `${addresses.formatCidr(block)} overlaps ${addresses.formatCidr(other.block)} of ${pools.key(other.name)}`,
        "Give each address one pool.",
      );
    }
}

/** The part of a set's ranges that a pool has. */
export function withinPool(set: readonly AddressRange[], pool: readonly Cidr[]): AddressRange[] {
  return set.flatMap((range) =>
    pool.flatMap((block): AddressRange[] => {
      if (block.family !== range.subnet.family) return [];
      const end = addresses.lastAddress(block);
      const first = range.first > block.base ? range.first : block.base;
      const last = range.last < end ? range.last : end;
      return first <= last ? [{ ...range, first, last }] : [];
    }),
  );
}

/** `ipam` is the section around `pools`. */
export function parsePools(ipam: Section, sets: readonly AddressRange[][]): Pools {
  const { value, problems, place } = ipam.section("pools");
  const pools = new Section(value, place, problems);
  const parsed = Object.keys(value).flatMap((name): [string, Cidr[]][] => {
    const problem = nameProblem(name);
    if (problem !== null) {
      problems.add(pools.key(name), `${JSON.stringify(name)} ${problem}`, poolAdvice);
      return [];
    }
    const blocks = pools.parseEach(name, parseBlock);
    for (const block of blocks)
      if (sets.length > 0 && withinPool(sets.flat(), [block]).length === 0)
        problems.add(
          pools.key(name),
          `${addresses.formatCidr(block)} lies outside the ranges that the network gives from`,
          "Set apart what ipam.subnet or ipam.ranges has.",
        );
    return [[name, blocks]];
  });
  checkOverlaps(pools, parsed);
  return Object.fromEntries(parsed);
}
