/** Says in words what an operator changed at run time: for `set`, `set-capacity`, `status` and `doctor`. */
import { fairwayPrefix } from "../config/annotations.ts";
import { formatRate } from "../config/quantities.ts";
import type { Capacity } from "../node/facts/capacity-sources.ts";
import type { Override } from "../node/facts/override.ts";
import type { OverriddenKey } from "../promise/override.ts";
import { promiseLines } from "./explain.ts";

const bit = (bits: number): string => `${formatRate(bits)}bit/s`;

/** Writes a key as the command line has it. */
const shortKey = (key: string): string =>
  key.startsWith(fairwayPrefix) ? key.slice(fairwayPrefix.length) : key;

/** Writes for example "egress-guarantee=200M (its own annotation: 50M)". */
function keysWords(keys: readonly OverriddenKey[]): string {
  return keys
    .map(({ key, set, own }) => {
      const beside = own === null ? "no annotation of its own" : `its own annotation: ${own}`;
      return `${shortKey(key)}=${set} (${beside})`;
    })
    .join(", ");
}

/** Says what the pod would have without what was set. */
function ownWords({ own, ownRefused }: Override): string {
  if (own === null) return `what the pod itself asked for is refused today: ${ownRefused}`;
  return `without it ${promiseLines({ ...own, notes: [] }).join("; ")}`;
}

/** Says what was set for a pod, and what it would have without that. */
export function overrideWords(override: Override): string {
  return `${keysWords(override.keys)}; ${ownWords(override)}`;
}

/** Says what holds without `set-capacity`. */
function sourceWords({ direction, configuredBits, linkBits }: Capacity): string {
  if (configuredBits !== null)
    return `${bit(configuredBits)}, as configured (uplink.${direction}Capacity)`;
  if (linkBits !== null) return `${bit(linkBits)}, as found (the link's speed)`;
  return "not known: no network is configured yet, or the link says no speed";
}

/** Says for one direction what is in force, where it comes from, and how long it stays. */
export function capacityWords(capacity: Capacity): string {
  const { direction, setBits } = capacity;
  if (setBits === null) return `${direction}: ${sourceWords(capacity)}`;
  return `${direction}: ${bit(setBits)}, set with \`fairway set-capacity\`, until --${direction} -, --reset or the next boot; without it ${sourceWords(capacity)}`;
}
