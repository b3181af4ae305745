/**
 * A capacity that the operator set at run time goes before the configuration and the link's speed, until it
 * is reset or the node boots.
 */

import { formatDuration, formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import {
  type Attachment,
  directions,
  type IngressPlace,
  type Lease,
  type NetworkBase,
} from "../../plan/node.ts";
import { leftBits, loadOf, treeOf } from "../../promise/capacity.ts";
import { memberOf } from "../../promise/held.ts";
import { boundedMembers } from "../../promise/latency.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { withGrantedSubnets } from "../addresses/granted.ts";
import { baseInput, liveNetworks, planNode, refuseConflicts } from "../reconcile/base.ts";
import { attachmentsInForce } from "../reconcile/in-force.ts";
import { inStep } from "../reconcile/locked.ts";
import { applyToPods, connectable } from "../reconcile/pods-there.ts";
import { keepInForce, planLeaves, shrinkingFirst } from "../reconcile/rebalance.ts";
import type { AttachAsk } from "../verbs/propose.ts";
import { capacitySet, recordCapacitySet, type SetCapacity } from "./capacity-set.ts";
import { placeFor } from "./chained.ts";
import { withLeafKind } from "./leaf-queues.ts";
import { networkBase } from "./network.ts";
import { findUplink, type Uplink } from "./uplink.ts";

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
  const [base] = liveNetworks(view);
  if (base === undefined) return [];
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

/** Throws foreignQdisc. */
function planAll(networks: NetworkBase[], attachments: Attachment[], there: Attachment[]): Step[] {
  const plan = planNode(baseInput(networks, attachments), attachments, there);
  refuseConflicts(plan.conflicts);
  const within = new Set(there);
  const cutOff = attachments.filter((a) => a.phase === "ready" && !within.has(a));
  return shrinkingFirst([...plan.steps, ...planLeaves(cutOff, networks)]);
}

/**
 * Brings the whole node to what the ledger says, with the classes of pods whose namespace is gone. Throws
 * foreignQdisc and what the kernel refuses.
 */
function applyAll(ledger: Ledger): Step[] {
  const networks = liveNetworks(ledger);
  const attachments = attachmentsInForce(ledger, networks);
  return applyToPods(attachments, (there) => planAll(networks, attachments, there));
}

/**
 * Call it inside `exclusively`. It records the change, and returns the networks' bases with the new capacity.
 */
function recordCapacity(ledger: Ledger, change: Partial<SetCapacity>): NetworkBase[] {
  recordCapacitySet(ledger, change);
  const live = new Set(liveNetworks(ledger).map((n) => n.network));
  for (const { name, config: text } of ledger.networks()) {
    if (!live.has(name)) continue;
    const config = parseNetworkConfig(JSON.parse(text));
    const base = baseInForce(ledger, config, findUplink(config.uplink, config.bridge));
    ledger.recordNetwork({ name, config: text, base });
  }
  return liveNetworks(ledger);
}

/**
 * Sets what `change` names (null takes a setting back), and brings the trees and all pods' classes to it,
 * under the node's lock. What no longer fits is not taken away from anybody; `shortfalls` tells it.
 */
export function setCapacity(ledger: Ledger, change: Partial<SetCapacity>): Step[] {
  const work = (): Step[] => {
    const [first] = recordCapacity(ledger, change);
    if (first === undefined) return [];
    return keepInForce(ledger, first.trees, "all", () => applyAll(ledger));
  };
  return inStep(ledger, work, applyAll);
}

/**
 * The steps that `setCapacity` would do; the kernel is only looked at. `copy` is a copy of the ledger, which
 * has the change afterwards. Throws what `setCapacity` throws, but for what the kernel would refuse.
 */
export function tryCapacity(copy: Ledger, change: Partial<SetCapacity>): Step[] {
  return copy.exclusively(() => {
    const networks = recordCapacity(copy, change);
    const attachments = attachmentsInForce(copy, networks);
    return networks.length === 0 ? [] : planAll(networks, attachments, connectable(attachments));
  });
}
