/** Promises over all looks at them: one bad look is the machine's, many of the same promise are ours. */
import type { NodeStatus } from "../../src/ops/status/model.ts";

/** Of one pod in one direction: the looks at which there was demand, and those that found it below its promise. */
export interface Looks {
  judged: number;
  below: number;
}

/** By attachment and direction; who comes and goes is together, since one of them is looked at once or twice. */
export type Promises = Record<string, Looks>;

/** Of a look's time: below for longer is a promise that was not kept. */
const toleratedShare = 0.2;
/** Of the looks at one promise. While nobody runs a sender, its packets wait, whatever they were promised. */
const toleratedLooks = 0.1;

export function addLook(
  promises: Promises,
  { pods }: Pick<NodeStatus, "pods">,
  stays: (attachment: string) => boolean,
): Looks {
  const sum = { judged: 0, below: 0 };
  for (const { attachment, egress, ingress } of pods)
    for (const [direction, { measured }] of Object.entries({ egress, ingress })) {
      if (measured?.known !== true || measured.promise.belowShare === null) continue;
      const isBelow = measured.promise.belowShare > toleratedShare;
      const key = `${stays(attachment) ? attachment : "those that come and go"}, ${direction}`;
      promises[key] ??= { judged: 0, below: 0 };
      for (const counts of [sum, promises[key]]) {
        counts.judged += 1;
        if (isBelow) counts.below += 1;
      }
    }
  return sum;
}

/** Those below at more looks than a machine that is busy explains, in words. */
export function notKept(promises: Promises): string[] {
  return Object.entries(promises).flatMap(([whose, { judged, below }]) =>
    below > Math.ceil(judged * toleratedLooks)
      ? [`${whose}: below its promise at ${below} of ${judged} looks`]
      : [],
  );
}
