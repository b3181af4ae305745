/**
 * Removes the row of a pod that goes. With the last pod of a subnet that its network has no more, it also
 * removes what that subnet has on the node.
 */
import { applyOrRollBack } from "../../kernel/apply.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { desiredBase } from "../../plan/desired.ts";
import { diff } from "../../plan/diff.ts";
import { type Attachment, isChained, type NetworkBase } from "../../plan/node.ts";
import type { State } from "../../plan/state.ts";
import { baseInputNow, liveNetworks } from "./base.ts";
import { removeFormerGateways } from "./gateways.ts";

/** The part of the base that follows the pods' subnets, without the gateways. */
function elementsNow(ledger: Ledger): State {
  const base = desiredBase(baseInputNow(ledger, liveNetworks(ledger)));
  return new Map([...base].filter(([, { object }]) => object.kind === "element"));
}

/**
 * Call it inside `exclusively`. `base` is what the attachment's network asks for by now. It tells whether
 * there was a row. Throws what the kernel refuses; the row is still there then, for another try.
 */
export function removeRow(ledger: Ledger, attachment: Attachment, base: NetworkBase): boolean {
  const isFormer = attachment.leases.some(
    ({ gateway, prefixLength }) =>
      gateway !== null && !base.gateways.includes(`${gateway}/${prefixLength}`),
  );
  if (!isFormer || isChained(base)) return ledger.attachments.remove(attachment);
  const before = elementsNow(ledger);
  const wasThere = ledger.attachments.remove(attachment);
  applyOrRollBack(diff(elementsNow(ledger), before).steps);
  removeFormerGateways(ledger, base.ingress.name);
  return wasThere;
}
