/** What of a node's status is one network's: its pods, its addresses. What all share is told whole. */
import type { NodeStatus } from "./model.ts";

/** "pods/0123abcd/eth0"; a network's name has no "/". */
const networkOf = (attachment: string): string => attachment.split("/", 1)[0] ?? "";

/** undefined: all networks. */
export function ofNetwork(status: NodeStatus, network: string | undefined): NodeStatus {
  if (network === undefined) return status;
  return {
    ...status,
    pods: status.pods.filter(({ attachment }) => networkOf(attachment) === network),
    pools: status.pools.filter((pool) => pool.network === network),
    keptAddresses: status.keptAddresses.filter((kept) => kept.network === network),
  };
}
