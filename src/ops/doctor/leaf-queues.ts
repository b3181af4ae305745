/** Tells the kind of queue below each leaf, and why it is that one. */
import { leafQueues as leafQueuesOf } from "../../node/facts/leaf-queues.ts";
import { type Finding, type Group, ok } from "./finding.ts";

/** This is never a fault: the fifo keeps every promise, too. */
export const leafQueues: Group = ({ ledger }): Finding[] => {
  if (ledger === null) return [];
  const { kind, why } = leafQueuesOf(ledger);
  return [ok("leaf-queues", `${kind}: ${why}`)];
};
