/** How long an address stays a pod's after the pod went. */
import { FairwayError } from "../errors.ts";

const unitsMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestMs = 365 * 86_400_000;

/** A whole number with s, m, h or d, above 0 and at most 365d, in milliseconds. @throws FairwayError badConfig, naming `key`. */
export function parseStickyMs(text: string, key: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (unitsMs[unit] ?? 0);
  if (ms > 0 && ms <= longestMs) return ms;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} is no time to keep an address for`,
    'Write a whole number with s, m, h or d, up to 365d, for example "1h"; leave it out to keep none.',
  );
}
