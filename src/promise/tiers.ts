/**
 * What tiers ask for, and the tier that a pod is of. The default tier is the tier of pods that pick none. A pod
 * that picks a tier takes nothing from the default one, or a pod could not pick best effort.
 */

import type { Annotated } from "../config/annotations.ts";
import { annotationKeys, priorities, priorityKey } from "../config/annotations.ts";
import type { Problems } from "../config/problems.ts";
import { formatRate } from "../config/quantities.ts";
import { suggestion } from "../config/suggest.ts";
import type { DirectionAsk, Given, NetworkConfig, Tier } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { type Direction, directions, type TreeSettings } from "../plan/node.ts";
import { leafRateBits, leftBits, treeOf } from "./capacity.ts";
import type { PromiseAsk } from "./settle.ts";

export type Tiers = Pick<NetworkConfig, "tiers" | "defaultTier">;

/** What of a pod's annotations picks its tier. */
type Picking = Pick<Annotated, "tier" | "priority">;

export function tierNamed(tiers: Tiers["tiers"], name: string): Tier | undefined {
  return Object.hasOwn(tiers, name) ? tiers[name] : undefined;
}

/** What a tier asks for its pods, each value with its key. */
export function tierAsk(name: string, tier: Tier): PromiseAsk {
  const given = <T>(field: string, value: T | undefined): Given<T> | null =>
    value === undefined ? null : { from: "tier", key: `tiers.${name}.${field}`, value };
  const direction = (of: Direction): DirectionAsk => ({
    guarantee: given(`${of}Guarantee`, tier[of].guaranteeBits),
    limit: given(`${of}Limit`, tier[of].limitBits),
    burst: given(`${of}Burst`, tier[of].burst),
  });
  return {
    egress: direction("egress"),
    ingress: direction("ingress"),
    target: given("latencyTarget", tier.latencyTargetUs),
  };
}

/**
 * The tier that Cilium's annotation picks, with its notes. The annotation is another plugin's, and a manifest
 * may carry it for other nodes. So what it says counts here where it can, and is left aside otherwise.
 */
function byPriority(
  { tiers }: Tiers,
  { tier: stronger, priority }: Picking,
  notes: string[],
): string | null {
  if (priority === null) return null;
  const said = `${priorityKey} (${priority})`;
  if (stronger !== null) {
    if (stronger !== priority)
      notes.push(`${annotationKeys.tier} (${stronger}) goes before ${said}`);
    return null;
  }
  if (!priorities.includes(priority)) {
    notes.push(`${said} is left aside: its values are ${priorities.join(", ")}`);
    return null;
  }
  if (tierNamed(tiers, priority) !== undefined) return priority;
  notes.push(`${said} is left aside: there is no tier of that name`);
  return null;
}

/** null means best effort, or a tier that does not exist, which is a problem then. */
export function pickTier(
  asks: Tiers,
  annotated: Picking,
  problems: Problems,
  notes: string[],
): { name: string; tier: Tier } | null {
  const priority = byPriority(asks, annotated, notes);
  const name = annotated.tier ?? priority ?? asks.defaultTier;
  if (name === null) return null;
  const tier = tierNamed(asks.tiers, name);
  if (tier !== undefined) return { name, tier };
  const weaker = priority === null ? "defaultTier" : priorityKey;
  problems.add(
    annotated.tier === null ? weaker : annotationKeys.tier,
    `there is no tier ${JSON.stringify(name)}`,
    suggestion(name, Object.keys(asks.tiers)),
  );
  return null;
}

/**
 * Says in words which tiers no pod could have on this node even if it were there alone, each with the tier's
 * key and the numbers.
 */
export function tiersTooLarge(tiers: Record<string, Tier>, trees: TreeSettings): string[] {
  return Object.entries(tiers).flatMap(([name, tier]) =>
    directions.flatMap((direction) => {
      const { guaranteeBits = 0 } = tier[direction];
      const tree = treeOf(trees, direction);
      const mostBits = Math.max(0, leftBits(tree));
      if (guaranteeBits === 0 || leafRateBits(guaranteeBits) <= mostBits) return [];
      return `tiers.${name}.${direction}Guarantee: ${formatRate(guaranteeBits)} is more than this node can promise to a pod that is alone: ${formatRate(mostBits)} of a capacity of ${formatRate(tree.capacityBits)}, with a reserve of ${formatRate(tree.reserveBits)}`;
    }),
  );
}

/** Such tiers are an error before the first pod asks. null means that each of them fits. */
export function tiersRefusal(
  tiers: Record<string, Tier>,
  trees: TreeSettings,
): FairwayError | null {
  const found = tiersTooLarge(tiers, trees);
  if (found.length === 0) return null;
  return new FairwayError(
    "promiseRefused",
    found.join("; "),
    "Lower the tier, lower uplink.reserve, or raise the uplink's capacity if the link can do more.",
  );
}
