/** What the ledger tells of the node: its trees, its pools, its size. Pure: sizes of files are arguments. */
import type { Pool } from "../node/addresses/leases.ts";
import { type Attachment, directions, type TreeSettings } from "../plan/node.ts";
import { type Load, leftBits, promisedBits, treeOf } from "../promise/capacity.ts";
import type { MetricName, Value } from "./described.ts";

export interface NodeFacts {
  /** null means that there are none before the first ADD of this boot. */
  trees: TreeSettings | null;
  /** As it was promised, of rows in every phase. */
  attachments: readonly Attachment[];
  promised: Record<(typeof directions)[number], Load>;
  /** Of the pods with a latency target. */
  boundsUs: readonly number[];
  pools: readonly Pool[];
  ledgerBytes: number;
}

const phases = ["adding", "ready", "deleting"] as const;

function ofTrees(trees: TreeSettings, facts: NodeFacts): Partial<Record<MetricName, Value[]>> {
  const each = (bitsOf: (direction: (typeof directions)[number]) => number): Value[] =>
    directions.map((direction) => ({ labels: { direction }, value: bitsOf(direction) / 8 }));
  const { attachments, boundsUs, promised } = facts;
  return {
    fairway_tree_capacity_bytes_per_second: each((direction) => trees[`${direction}CapacityBits`]),
    fairway_tree_reserve_bytes_per_second: each((direction) => trees[`${direction}ReserveBits`]),
    fairway_tree_promised_bytes_per_second: each((direction) =>
      promisedBits(attachments, direction),
    ),
    fairway_tree_left_bytes_per_second: each((direction) =>
      leftBits(treeOf(trees, direction), promised[direction]),
    ),
    fairway_tree_delay_bound_seconds:
      boundsUs.length === 0
        ? []
        : [{ labels: { direction: "egress" }, value: Math.max(...boundsUs) / 1e6 }],
  };
}

export function nodeValues(facts: NodeFacts): Partial<Record<MetricName, Value[]>> {
  const { trees, attachments, pools, ledgerBytes } = facts;
  const ofPool = (numberOf: (pool: Pool) => number): Value[] =>
    pools.map((pool) => ({
      labels: { network: pool.network, set: String(pool.setIndex) },
      value: numberOf(pool),
    }));
  return {
    ...(trees !== null && ofTrees(trees, facts)),
    fairway_ledger_attachments: phases.map((phase) => ({
      labels: { phase },
      value: attachments.filter((each) => each.phase === phase).length,
    })),
    fairway_ledger_size_bytes: [{ labels: {}, value: ledgerBytes }],
    fairway_pool_addresses: ofPool(({ total }) => Number(total)),
    fairway_pool_addresses_given: ofPool(({ given }) => given),
  };
}
