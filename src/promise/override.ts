/** What `fairway set` puts over a pod's own annotations, and what the pod would have without it. */
import { formatBurst } from "../config/burst.ts";
import { Problems } from "../config/problems.ts";
import { formatDuration, formatRate } from "../config/quantities.ts";
import type { Given } from "../config/types.ts";
import { directions, type PodAsks } from "../plan/node.ts";
import { asksUnder, settleAsks, type Terms } from "./ask.ts";
import { tierAsk, tierNamed } from "./tiers.ts";

/** What the operator asks for a pod, as values by the annotations' full names; null takes a value back. */
export type Changes = Readonly<Record<string, string | null>>;

/** What was set before stays, unless it is set anew or taken back. */
export function asksWith(former: PodAsks, changes: Changes): PodAsks {
  const kept = Object.entries({ ...former.overrides, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return { ...former, overrides: kept.length === 0 ? null : Object.fromEntries(kept) };
}

/** One key that was set over the pod's own. */
export interface OverriddenKey {
  /** The annotation's full name. */
  key: string;
  set: string;
  /** What the pod's own annotation of that name says; null means that it has none. */
  own: string | null;
}

export function overriddenKeys({ annotations, overrides }: PodAsks): OverriddenKey[] {
  return Object.entries(overrides ?? {}).map(([key, set]) => ({
    key,
    set,
    own: Object.hasOwn(annotations, key) ? (annotations[key] ?? null) : null,
  }));
}

/**
 * What a tier gives and the pod does not get, because something of the pod's own goes before the tier. There
 * is a sentence for each field ("Precedence" in docs/config.md).
 */
export function withoutEffect(tierName: string, asks: PodAsks, terms: Terms): string[] {
  const tier = tierNamed(terms.tiers, tierName);
  if (tier === undefined) return [];
  const { annotations, bandwidth, overrides } = asks;
  const { ask } = settleAsks(asksUnder(terms, asks, null), new Problems());
  const given = tierAsk(tierName, tier);
  const before = ({ from, key }: Given<unknown>, capabilityBits = 0): string => {
    if (from === "claim") return `the pod's ${key}`;
    if (from === "capability")
      return `the pod's bandwidth, ${key} (${formatRate(capabilityBits)}),`;
    return overrides !== null && Object.hasOwn(overrides, key)
      ? `${key}=${overrides[key]}, which was set with \`fairway set\` (${key}=- takes it back),`
      : `the pod's own annotation ${key}=${annotations[key]}`;
  };
  const reason = <T>(
    ofTier: Given<T> | null,
    stronger: Given<T> | null,
    words: (value: T) => string,
    capabilityBits?: number,
  ): string[] =>
    ofTier === null || stronger === null || stronger.from === "tier"
      ? []
      : [
          `${ofTier.key} (${words(ofTier.value)}) has no effect: ${before(stronger, capabilityBits)} goes before a tier`,
        ];
  return [
    ...directions.flatMap((direction) => {
      const [mine, now] = [given[direction], ask[direction]];
      return [
        ...reason(mine.guarantee, now.guarantee, formatRate),
        ...reason(mine.limit, now.limit, formatRate, bandwidth?.[`${direction}RateBits`]),
        ...reason(mine.burst, now.burst, formatBurst, bandwidth?.[`${direction}BurstBits`]),
      ];
    }),
    ...reason(given.target, ask.target, formatDuration),
  ];
}
