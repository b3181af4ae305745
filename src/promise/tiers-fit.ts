/**
 * Finds tiers that no pod could have on this node even if it were there alone. They are an error before the
 * first pod asks.
 */
import { formatRate } from "../config/quantities.ts";
import type { Tier } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { directions, type TreeSettings } from "../plan/node.ts";
import { leafRateBits, roomForPodsBits } from "./admission.ts";

/** Says in words which tiers are too large, each with the tier's key and the numbers. */
export function tiersTooLarge(tiers: Record<string, Tier>, trees: TreeSettings): string[] {
  return Object.entries(tiers).flatMap(([name, tier]) =>
    directions.flatMap((direction) => {
      const { guaranteeBits = 0 } = tier[direction];
      const capacityBits = trees[`${direction}CapacityBits`];
      const reservedBits = trees[`${direction}ReserveBits`];
      const mostBits = Math.max(0, roomForPodsBits(trees, direction, 0));
      if (guaranteeBits === 0 || leafRateBits(guaranteeBits) <= mostBits) return [];
      return `tiers.${name}.${direction}Guarantee: ${formatRate(guaranteeBits)} is more than this node can promise to a pod that is alone: ${formatRate(mostBits)} of a capacity of ${formatRate(capacityBits)}, with a reserve of ${formatRate(reservedBits)}`;
    }),
  );
}

/** null means that each of them fits. */
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
