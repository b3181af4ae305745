/**
 * Selects what of a node's status belongs to one network: its pods and its addresses. What all networks share
 * is told whole.
 */
import type { NodeStatus } from "./model.ts";

/** The network of for example "pods/0123abcd/eth0". A network's name has no "/". */
const networkOf = (attachment: string): string => attachment.split("/", 1)[0] ?? "";

/** undefined means all networks. */
export function ofNetwork(status: NodeStatus, network: string | undefined): NodeStatus {
  if (network === undefined) return status;
  return {
    ...status,
    pods: status.pods.filter(({ attachment }) => networkOf(attachment) === network),
    pools: status.pools.filter((pool) => pool.network === network),
    keptAddresses: status.keptAddresses.filter((kept) => kept.network === network),
  };
}
