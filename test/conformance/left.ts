/** What the agent leaves to a process of the verb's own by design, as a row's calls show it. Pure. */
import type { Outcome } from "./suite.ts";

/** By how a call fell back, in words for the page. */
const designs: [RegExp, string][] = [
  [/^unknown verb$/, "CNI_COMMAND names no verb that the launcher knows"],
  [/^too-large$/, "more than 1 MiB on stdin, or 64 KiB of environment"],
  [/^launcher$/, "stdin is closed, or cannot be read"],
  [/^declined: the IPAM plugin .* gives the addresses/, "another IPAM plugin gives the addresses"],
  [
    /^declined: whoever asks has other mounts .* does not lead to the same$/,
    "CNI_NETNS leads nowhere, and the launcher has mounts of its own",
  ],
  [
    /^declined: there is no room, unless sandboxes that are gone are freed$/,
    "an ADD finds no room, and what is gone has to be freed first",
  ],
];

/** Rows that make several calls beside each other, more than an agent has the time for on a busy machine. */
const manyAtOnce: readonly string[] = ["add/concurrent", "ipam/concurrent"];

const designOf = (fellBack: string): string | null =>
  designs.find(([pattern]) => pattern.test(fellBack))?.[1] ?? null;

/** Whether all that the agent did not answer was left to others by design, as far as the outcome tells. */
export function isAsDesigned({ id, served, fellBack }: Outcome): boolean {
  if (manyAtOnce.includes(id) && served > 0) return true;
  return fellBack.every((why) => designOf(why) !== null);
}

/** Why calls of this row are left to others; none where the agent answered all of them. */
export const designsOf = ({ fellBack }: Outcome): string[] =>
  [...new Set(fellBack.map(designOf))].filter((why) => why !== null).sort();
