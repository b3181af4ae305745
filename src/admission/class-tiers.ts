/** The tiers of a BandwidthClass, by the parsers of the configuration. Pure. */
import { Problems } from "../config/problems.ts";
import { isObject, type JsonObject, Section } from "../config/section.ts";
import { parseTiers } from "../config/tiers.ts";
import type { Tiers } from "../promise/tiers.ts";

/** `object` is the whole of it, as the API server has it. Throws badConfig with all that is wrong with its tiers. */
export function tiersOfClass(object: JsonObject): Tiers {
  const problems = new Problems();
  const spec = isObject(object.spec) ? object.spec : {};
  const tiers = parseTiers(new Section(spec, "", problems).section("tiers"));
  problems.throwIfAny();
  const { defaultTier } = spec;
  return { tiers, defaultTier: typeof defaultTier === "string" ? defaultTier : null };
}
