/** Pods whose part in the kernel can be made, while any of them may go without asking us. */
import { applySteps, rollBack, takeBack } from "../kernel/apply.ts";
import { hasNetns } from "../kernel/netns.ts";
import type { Step } from "../plan/diff.ts";
import type { Attachment } from "../plan/node.ts";
import { hasHostInterface } from "./chained.ts";

/** In a namespace that is gone there is nothing to connect, and DEL or GC will come for it. */
export function connectable(attachments: Attachment[]): Attachment[] {
  return attachments.filter((a) => a.phase === "ready" && hasNetns(a.netns) && hasHostInterface(a));
}

/**
 * Inside `exclusively`: `plan` gives what it takes for the base and the pods that are there, and it is
 * done. A namespace goes without our lock, and takes its pair with it, at any moment between our look
 * and our step: when one of the planned has gone, what failed is looked at again without it, so as
 * often as there are pods at the most. What was done stands then, or is taken back at the end.
 *
 * The steps that were done. Throws what `plan` throws and what the kernel refuses.
 */
export function applyToPods(
  attachments: Attachment[],
  plan: (there: Attachment[]) => Step[],
): Step[] {
  const done: Step[] = [];
  let there = connectable(attachments);
  for (;;) {
    let steps: Step[];
    try {
      steps = plan(there);
    } catch (error) {
      rollBack(done);
      throw error;
    }
    const failure = applySteps(steps);
    if (failure === null) return [...done, ...steps];
    done.push(...failure.done);
    const left = connectable(there);
    if (left.length === there.length) takeBack(done, failure.error);
    there = left;
  }
}
