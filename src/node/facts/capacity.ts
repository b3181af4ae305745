/**
 * A capacity that the operator set at run time goes before the configuration and the link's speed, until it
 * is reset or the node boots.
 */
import { formatDuration, formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import {
  attachmentName,
  directions,
  type IngressPlace,
  type Lease,
  type NetworkBase,
} from "../../plan/node.ts";
import { admit, hostHolders } from "../../promise/admission.ts";
import { boundedMembers } from "../../promise/latency.ts";
import { withGrantedSubnets } from "../addresses/granted.ts";
import { NodeView } from "../reconcile/view.ts";
import { type Asked, memberOf } from "../verbs/propose.ts";
import { capacitySet } from "./capacity-set.ts";
import { placeFor } from "./chained.ts";
import { withLeafKind } from "./leaf-queues.ts";
import { networkBase } from "./network.ts";
import type { Uplink } from "./uplink.ts";

/**
 * What a network asks of the base, with the capacity that was set, the queues that the kernel offers, and the
 * subnets of the addresses that another IPAM plugin gave. Those are in `granted` and in the ledger.
 */
export function baseInForce(
  view: LedgerView,
  config: NetworkConfig,
  found: Uplink,
  granted: readonly Lease[] = [],
  ingress: IngressPlace = placeFor(view, config),
): NetworkBase {
  const { egressBits, ingressBits } = capacitySet(view);
  const egressCapacityBits = egressBits ?? found.egressCapacityBits;
  const uplink = {
    ...found,
    egressCapacityBits,
    ingressCapacityBits: ingressBits ?? found.ingressCapacityBits,
    wireBits: Math.max(found.wireBits, egressCapacityBits),
  };
  const base = networkBase(config, uplink, ingress);
  return withLeafKind(view, withGrantedSubnets(view, base, config, granted));
}

export function withCapacityInForce(view: LedgerView, asked: Asked): Asked {
  const { config, uplink, granted, base } = asked;
  return { ...asked, base: baseInForce(view, config, uplink, granted?.leases, base.ingress) };
}

/** Says in words what is promised and does not fit any more. */
export function shortfalls(view: LedgerView): string[] {
  const base = new NodeView(view).first;
  if (base === null) return [];
  const attachments = view.attachments.all();
  const rates = directions.flatMap((direction) => {
    const pods = attachments.map((a) => ({
      holder: attachmentName(a),
      guaranteeBits: a.promise[direction].guaranteeBits,
    }));
    const held = [...hostHolders(base.trees, direction), ...pods];
    const capacityBits = base.trees[`${direction}CapacityBits`];
    const sum = held.reduce((total, { guaranteeBits }) => total + guaranteeBits, 0);
    const reserveBits = base.trees[`${direction}ReserveBits`];
    // This asks for one more best-effort pod, which does not exist, because such a pod needs the least.
    const decision = admit({
      direction,
      capacityBits,
      reserveBits,
      held,
      askedBits: 0,
      holder: "",
    });
    return decision.ok
      ? []
      : [
          `${direction}: ${formatRate(sum)}bit/s are guaranteed, which ${formatRate(capacityBits)}bit/s cannot keep beside the reserve of ${formatRate(reserveBits)}bit/s`,
        ];
  });
  const late = boundedMembers(base, attachments.map(memberOf))
    .filter((b) => b.boundUs > b.latencyClass.targetUs)
    .map(
      ({ latencyClass: c, boundUs }) =>
        `${c.holder}: its bound is ${formatDuration(Math.ceil(boundUs))} now, its latency target ${formatDuration(c.targetUs)}`,
    );
  return [...rates, ...late];
}
