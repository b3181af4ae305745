/** Pods whose part in the kernel can be made. Any of them may go meanwhile without asking us. */
import { applySteps, rollBack, takeBack } from "../../kernel/apply.ts";
import { hasNetns } from "../../kernel/netns.ts";
import type { Step } from "../../plan/diff.ts";
import type { Attachment } from "../../plan/node.ts";
import { hasHostInterface } from "../facts/chained.ts";

/** In a namespace that is gone there is nothing to connect, and DEL or GC will come for it. */
export function connectable(attachments: Attachment[]): Attachment[] {
  return attachments.filter((a) => a.phase === "ready" && hasNetns(a.netns) && hasHostInterface(a));
}

/**
 * Call it inside `exclusively`. `plan` gives the steps for the base and the pods that are there, and they are
 * done. A namespace does not wait for our lock: it goes, and takes its pair with it, at any moment between
 * our look and our step. When one of the planned pods has gone, we look again without it, so at most as often
 * as there are pods. What was done until then stays, or is taken back at the end.
 *
 * Returns the steps that were done. Throws what `plan` throws and what the kernel refuses.
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
