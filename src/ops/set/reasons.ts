/** Tells why `fairway set` does not do what its words seem to ask for. */
import { annotationKeys } from "../../config/annotations.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import type { Attachment, PodPromise } from "../../plan/node.ts";
import { asksWith, type Changes, withoutEffect } from "../../promise/override.ts";

/**
 * Where the tiers come from. `isGiven` means that --config gave them; otherwise the last ADD recorded them.
 */
export interface TierSource {
  config: NetworkConfig;
  isGiven: boolean;
}

const text = (promise: PodPromise): string => JSON.stringify({ ...promise, notes: [] });

export const isSamePromise = (a: PodPromise, b: PodPromise): boolean => text(a) === text(b);

/** A conflist that was edited after the last ADD is the usual reason for a tier that is not as expected. */
function sourceWords({ config, isGiven }: TierSource): string[] {
  return isGiven
    ? []
    : [
        `the tiers are those of the last ADD of network ${config.name}: --config FILE takes them from a conflist that was changed since`,
      ];
}

/** Where a tier is asked for and refused, adds to the refusal where the tiers come from. */
export function withTierSource<T>(
  changes: Changes | null,
  source: TierSource,
  promised: () => T,
): T {
  try {
    return promised();
  } catch (error) {
    if (!(error instanceof FairwayError) || typeof changes?.[annotationKeys.tier] !== "string")
      throw error;
    const details = [error.details, ...sourceWords(source)].filter((each) => each !== undefined);
    throw new FairwayError(error.kind, error.message, details.join("\n  "), { cause: error });
  }
}

/** Tells why something that was asked for does not show in the promise that the pod has `now`. */
export function reasonsOf(
  changes: Changes | null,
  { asks: former, promise: before }: Attachment,
  now: PodPromise,
  source: TierSource,
): string[] {
  const had = (key: string): boolean => Object.hasOwn(former.overrides ?? {}, key);
  if (changes === null)
    return former.overrides === null
      ? ["nothing was set with `fairway set`: the pod has what it asked for itself"]
      : [];
  const reasons = Object.entries(changes).flatMap(([key, value]) =>
    value === null && !had(key)
      ? [`${key} was not set with \`fairway set\`: there is nothing to take back`]
      : [],
  );
  const isSame = isSamePromise(before, now);
  const tier = changes[annotationKeys.tier] ?? null;
  if (tier === null)
    return isSame && reasons.length === 0 ? ["the pod has this promise already"] : reasons;
  reasons.push(...withoutEffect(tier, asksWith(former, changes), source.config));
  // The tier's name is part of the promise, too.
  if (reasons.length > 0 || !isSamePromise({ ...before, tier: now.tier }, now)) return reasons;
  return [`the pod has all that tier ${tier} gives already`, ...sourceWords(source)];
}
