/**
 * Finds the tier that a pod is of. The default tier is the tier of pods that pick none. A pod that picks a
 * tier takes nothing from the default one, or a pod could not pick best effort.
 */
import { annotationKeys, priorities, priorityKey } from "../config/annotation-keys.ts";
import { suggestion } from "../config/suggest.ts";
import type { Tier } from "../config/types.ts";
import type { Annotated } from "./annotations.ts";
import type { Findings } from "./settle.ts";

export interface Tiers {
  tiers: Record<string, Tier>;
  defaultTier: string | null;
}

export interface PickedTier {
  name: string;
  tier: Tier;
  /** The annotation that picked it, or "defaultTier". */
  key: string;
}

function tierNamed(tiers: Tiers["tiers"], name: string): Tier | undefined {
  return Object.hasOwn(tiers, name) ? tiers[name] : undefined;
}

/**
 * The tier that Cilium's annotation picks, with its notes. The annotation is another plugin's, and a manifest
 * may carry it for other nodes. So what it says counts here where it can, and is left aside otherwise.
 */
function byPriority(
  { tiers }: Tiers,
  { tier: stronger, priority }: Annotated,
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

/** null means best effort, or a tier that does not exist, which is a violation then. */
export function pickTier(
  asks: Tiers,
  annotated: Annotated,
  { violations, notes }: Findings,
): PickedTier | null {
  const priority = byPriority(asks, annotated, notes);
  const name = annotated.tier ?? priority ?? asks.defaultTier;
  if (name === null) return null;
  const weaker = priority === null ? "defaultTier" : priorityKey;
  const key = annotated.tier === null ? weaker : annotationKeys.tier;
  const tier = tierNamed(asks.tiers, name);
  if (tier !== undefined) return { name, tier, key };
  violations.add(
    key,
    `there is no tier ${JSON.stringify(name)}`,
    suggestion(name, Object.keys(asks.tiers)),
  );
  return null;
}
