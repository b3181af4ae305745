/** Tells whether packets to each pod go to the bridge, by all of the node's rules and routes. */

import { strayWayAdvice, strayWayTexts } from "../../node/facts/ways.ts";
import { planRepair } from "../../node/reconcile/repair.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { attempt, error, type Finding, ok, type Patient } from "./finding.ts";

const id = "path.pods";

export function ways({ ledger }: Patient): Finding[] {
  if (ledger === null) return [];
  return attempt(id, () => {
    const [first] = new NodeView(ledger).networks;
    const pods = ledger.attachments.all().filter(({ phase }) => phase === "ready");
    if (first === undefined || pods.length === 0) return [];
    const found = strayWayTexts(pods, first.ingress.name);
    if (found.length === 0)
      return [ok(id, `packets to all ${pods.length} pods go to ${first.ingress.name}`)];
    // Where a route of ours is missing that is drift, and `repair` mends it.
    const isDrift = planRepair(ledger).steps.some(
      ({ want }) => want?.kind === "kernelroute" || want?.kind === "address",
    );
    return isDrift ? [] : found.map((words) => error(id, words, strayWayAdvice));
  });
}
