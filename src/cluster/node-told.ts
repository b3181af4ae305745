/**
 * What the agent writes to its own Node object: what the node can promise, and that it is ready. Pure.
 */
import { formatRate } from "../config/quantities.ts";
import type { Promised } from "../ledger/promised.ts";
import { directions, type TreeSettings } from "../plan/node.ts";
import { leftBits, treeOf } from "../promise/capacity.ts";
import type { CapacityTold } from "./capacity-told.ts";
import type { NodeSeen } from "./node-object.ts";

/** A node may be born with it, and the agent takes it away. The agent never puts it there. */
const notReadyTaint = "fairway.dev/agent-not-ready";

/** All annotations of a Node that the agent writes. */
const nodeAnnotations = [
  "fairway.dev/bandwidth-class",
  ...directions.flatMap((direction) =>
    (["capacity", "promised", "free", "short"] as const).map(
      (what) => `fairway.dev/${direction}-${what}`,
    ),
  ),
];

/**
 * `trees` is null where no network has made any yet: nothing is known to be promised or free then. `className`
 * is that of the BandwidthClass that the node's configuration follows; null means none. `told` is null where
 * nothing is told to the scheduler.
 */
export function nodeAnnotationsOf(
  trees: TreeSettings | null,
  promised: Promised,
  className: string | null,
  told: CapacityTold | null,
): Record<string, string> {
  const named = className === null ? {} : { "fairway.dev/bandwidth-class": className };
  if (trees === null) return named;
  const entries = directions.flatMap((direction) => {
    const tree = treeOf(trees, direction);
    const free = Math.max(0, leftBits(tree, promised[direction]));
    return [
      [`fairway.dev/${direction}-capacity`, formatRate(tree.capacityBits)],
      [`fairway.dev/${direction}-promised`, formatRate(promised[direction].guaranteedBits)],
      [`fairway.dev/${direction}-free`, formatRate(free)],
      // What the scheduler cannot be told, since it would be less than it counts already.
      ...((told?.[direction].shortBits ?? 0) === 0
        ? []
        : [[`fairway.dev/${direction}-short`, formatRate(told?.[direction].shortBits ?? 0)]]),
    ] as const;
  });
  return { ...named, ...Object.fromEntries(entries) };
}

/** Whether the Node says otherwise. */
export function differs(node: NodeSeen, annotations: Readonly<Record<string, string>>): boolean {
  return nodeAnnotations.some((key) => node.annotations[key] !== annotations[key]);
}

/**
 * Why this Node is not the machine that the agent runs on; null means that it is, as far as anybody can tell.
 * After a boot the kubelet writes the new boot's id before it takes pods.
 */
export function notThisMachine(node: NodeSeen, bootId: string): string | null {
  if (node.bootId === null || node.bootId === bootId) return null;
  return `Node ${node.name} is of boot ${node.bootId}, and this machine of boot ${bootId}: another machine has that name, or its kubelet has not told yet that it was booted`;
}

/** The operations that take the taint away, and nothing else; null means that it is not there. */
export function untaint(node: NodeSeen): unknown[] | null {
  const index = node.taints.findIndex(({ key }) => key === notReadyTaint);
  const taint = node.taints[index];
  if (taint === undefined) return null;
  const path = `/spec/taints/${index}`;
  // Whoever has changed the list meanwhile makes the first of them fail, and the next look decides anew.
  return [
    { op: "test", path, value: taint.object },
    { op: "remove", path },
  ];
}
