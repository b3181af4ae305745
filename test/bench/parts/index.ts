import type { Part } from "../part.ts";
import { burstParts } from "./bursts.ts";
import { cyclesPart } from "./cycles.ts";
import { driftParts } from "./drift.ts";
import { firstPart } from "./first.ts";
import { footprintPart } from "./footprint.ts";
import { latencyPart, throughputParts } from "./packets.ts";
import { restParts } from "./rest.ts";
import { scaleParts } from "./scale.ts";
import { scrapeParts } from "./scrape.ts";
import { startPart } from "./start.ts";
import { verbsPart } from "./verbs.ts";
import { withoutPart } from "./without.ts";

/** In the order of the page. */
export const parts: readonly Part[] = [
  verbsPart,
  ...burstParts,
  ...scaleParts,
  ...throughputParts,
  latencyPart,
  cyclesPart,
  footprintPart,
  firstPart,
  withoutPart,
  ...restParts,
  ...driftParts,
  ...scrapeParts,
  startPart,
];

/** By the beginnings of their names: "d" is all of d. Throws what names no part. */
export function partsNamed(text: string): Part[] {
  const asked = text.split(",").map((name) => name.trim());
  for (const name of asked) {
    const known = parts.some(({ id }) => name !== "" && id.startsWith(name));
    if (!known)
      throw new Error(`no part "${name}"; there are ${parts.map(({ id }) => id).join(", ")}`);
  }
  return parts.filter(({ id }) => asked.some((name) => id.startsWith(name)));
}
