/**
 * Finds the missing parts of the base without which no pod reaches anything, so that the node has no network
 * to offer.
 */
import { FairwayError } from "../../errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import { strayWayAdvice, strayWayTexts } from "../facts/ways.ts";
import { look } from "../reconcile/run.ts";
import { base } from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";

/**
 * Classes, queues and rules only keep promises. Without the parts that are named here, no packet gets
 * through.
 */
function cutsOff({ want, have }: Step): boolean {
  switch (want?.kind) {
    case "address":
    case "kernelroute":
      return true;
    case "bridge":
      return have?.kind !== "bridge" || !have.up || have.unusual !== want.unusual;
    case "sysctl":
      // A setting that is not there belongs to a device that is gone, which is reported as such.
      return have !== null && /forward(ing)?$/.test(want.path);
    case "ipv6setting":
      return want.name === "disable_ipv6";
    default:
      return false;
  }
}

/**
 * It is empty where the bridge itself is gone, because the next ADD makes it anew, with all that hangs on it.
 */
function cutOffWords({ steps }: Plan): string[] {
  const isGone = steps.some(({ op, want }) => op === "create" && want.kind === "bridge");
  return isGone ? [] : steps.filter(cutsOff).map(({ why }) => why);
}

/**
 * Only a node that has pods is judged: without any, the next ADD makes what is missing. It looks again under
 * the lock, because what a verb is just making is there once that verb has given the lock back. Throws
 * limitedConnectivity.
 */
export function refuseCutOff(ledger: Ledger): void {
  const cut = (): { words: string[]; advice: string } => {
    const view = new NodeView(ledger).ofReady();
    const { first } = view;
    if (first === null) return { words: [], advice: "" };
    const words = cutOffWords(look(base(view)));
    if (words.length > 0)
      return { words, advice: "`fairway repair` puts it back; `fairway explain` shows the steps" };
    return { words: strayWayTexts(view.ready, first.ingress.name), advice: strayWayAdvice };
  };
  if (cut().words.length === 0) return;
  const { words, advice } = ledger.exclusively(cut);
  if (words.length > 0)
    throw new FairwayError(
      "limitedConnectivity",
      `what carries the pods' packets is not as it should be: ${words.join("; ")}; the pods that run here are affected`,
      advice,
    );
}
