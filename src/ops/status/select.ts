/**
 * Selects what of a node's status was asked for: a network's pods and addresses, a namespace's pods, one pod.
 * What all pods share is told whole. Pure.
 */
import type { NodeStatus, PodStatus } from "./model.ts";

export interface Selection {
  /** Each is undefined where all are meant. */
  network?: string | undefined;
  namespace?: string | undefined;
  /** "cart" or "shop/cart". */
  pod?: string | undefined;
}

/** The network of for example "pods/0123abcd/eth0". A network's name has no "/". */
const networkOf = (attachment: string): string => attachment.split("/", 1)[0] ?? "";

function isMeant({ pod, attachment }: PodStatus, wanted: Selection): boolean {
  if (wanted.network !== undefined && networkOf(attachment) !== wanted.network) return false;
  const [namespace, name] = pod?.split("/") ?? [];
  if (wanted.namespace !== undefined && namespace !== wanted.namespace) return false;
  return wanted.pod === undefined || wanted.pod === (wanted.pod.includes("/") ? pod : name);
}

export function select(status: NodeStatus, wanted: Selection): NodeStatus {
  const { network } = wanted;
  return {
    ...status,
    pods: status.pods.filter((pod) => isMeant(pod, wanted)),
    pools: status.pools.filter((pool) => network === undefined || pool.network === network),
    keptAddresses: status.keptAddresses.filter(
      (kept) => network === undefined || kept.network === network,
    ),
  };
}
