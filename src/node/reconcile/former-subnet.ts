/**
 * Removes the row of a pod that goes. With the last pod of a subnet that its network has no more, it also
 * removes what that subnet has on the node.
 */
import { observe } from "../../kernel/observe.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { desiredBase } from "../../plan/desired.ts";
import type { Plan } from "../../plan/diff.ts";
import { type Attachment, isChained, type NetworkBase } from "../../plan/node.ts";
import { merge, type State } from "../../plan/state.ts";
import { removeFormerGateways } from "./gateways.ts";
import { type Lock, reconcile, required } from "./run.ts";
import { only } from "./scopes.ts";
import { NodeView } from "./view.ts";

/** The part of the base that follows the pods' subnets, without the gateways. */
function elementsNow(ledger: LedgerView): State {
  const base = desiredBase(new NodeView(ledger).input);
  return only(base, ({ object }) => object.kind === "element");
}

/**
 * `base` is what the attachment's network asks for by now. Tells whether there was a row. Throws what the
 * kernel refuses; the row is still there then, for another try.
 */
export function removeRow(lock: Lock, attachment: Attachment, base: NetworkBase): boolean {
  const { ledger } = lock;
  const isFormer = attachment.leases.some(
    ({ gateway, prefixLength }) =>
      gateway !== null && !base.gateways.includes(`${gateway}/${prefixLength}`),
  );
  if (!isFormer || isChained(base)) return ledger.attachments.remove(attachment);
  const before = elementsNow(ledger);
  const wasThere = ledger.attachments.remove(attachment);
  const now = elementsNow(ledger);
  const elements = {
    desired: () => now,
    observed: () => observe(merge(before, now)),
    steps: ({ steps }: Plan) => steps,
  };
  required(reconcile(elements, { assumed: before, lock }));
  removeFormerGateways(lock, base.ingress.name);
  return wasThere;
}
