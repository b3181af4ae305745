/**
 * A capacity that the operator set at run time goes before the configuration and the link's speed, until it
 * is reset or the node boots.
 */
import { formatDuration, formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { directions, type IngressPlace, type Lease, type NetworkBase } from "../../plan/node.ts";
import { leftBits, loadOf, treeOf } from "../../promise/capacity.ts";
import { memberOf } from "../../promise/held.ts";
import { boundedMembers } from "../../promise/latency.ts";
import { withGrantedSubnets } from "../addresses/granted.ts";
import { NodeView } from "../reconcile/view.ts";
import type { AttachAsk } from "../verbs/propose.ts";
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

export function withCapacityInForce(view: LedgerView, asked: AttachAsk): AttachAsk {
  const { config, uplink, granted, base } = asked;
  return { ...asked, base: baseInForce(view, config, uplink, granted?.leases, base.ingress) };
}

/** Says in words what is promised and does not fit any more. */
export function shortfalls(view: LedgerView): string[] {
  const base = new NodeView(view).first;
  if (base === null) return [];
  const attachments = view.attachments.all();
  const rates = directions.flatMap((direction) => {
    const tree = treeOf(base.trees, direction);
    const held = attachments.map(({ promise }) => promise[direction].guaranteeBits);
    // This asks for one more best-effort pod, which does not exist, because such a pod needs the least.
    if (leftBits(tree, loadOf([...held, 0])) >= 0) return [];
    const hosts = tree.hosts.map(({ guaranteeBits }) => guaranteeBits);
    const sum = [...hosts, ...held].reduce((total, bits) => total + bits, 0);
    return `${direction}: ${formatRate(sum)}bit/s are guaranteed, which ${formatRate(tree.capacityBits)}bit/s cannot keep beside the reserve of ${formatRate(tree.reserveBits)}bit/s`;
  });
  const late = boundedMembers(base, attachments.map(memberOf))
    .filter((b) => b.boundUs > b.latencyClass.targetUs)
    .map(
      ({ latencyClass: c, boundUs }) =>
        `${c.holder}: its bound is ${formatDuration(Math.ceil(boundUs))} now, its latency target ${formatDuration(c.targetUs)}`,
    );
  return [...rates, ...late];
}
