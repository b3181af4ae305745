/**
 * What the kernel keeps of a pod by its addresses, beyond the pod's interface: whoever has an address
 * next would meet it (docs/engineering/decisions/0028-what-a-pod-leaves.md).
 */
import { FairwayError, messageOf } from "../../errors.ts";
import { linkIndex } from "../link-index.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { forgetFlows } from "./flows.ts";
import { forgetRouteException, forgetTcpMetrics } from "./learned.ts";
import { forgetNeighbour, hasNeighbour } from "./neighbours.ts";

/** The addresses without prefix lengths, and the bridge that they were on. */
export interface Whereabouts {
  bridge: string;
  addresses: readonly string[];
}

function refusal(addresses: readonly string[], error: unknown): unknown {
  if (error instanceof FairwayError || !(error instanceof Error)) return error;
  return new FairwayError(
    "kernelRefused",
    `could not make the kernel forget a former pod at ${addresses.join(", ")}: ${messageOf(error)}`,
    "fairway must run as root, with CAP_NET_ADMIN; it is tried again by the next try of the same verb, and by `fairway gc`",
    { cause: error },
  );
}

/** What throws is told as what could not be forgotten of whom. */
function telling(addresses: readonly string[], act: () => unknown): void {
  try {
    act();
  } catch (error) {
    throw refusal(addresses, error);
  }
}

/**
 * `isGoing`: the flows of all of them are forgotten; else of those that the node has sent something, which
 * takes a neighbour entry. So does whatever else it knows, so the entry is the last to go: who fails here
 * finds it again.
 */
function forget({ bridge, addresses }: Whereabouts, isGoing: boolean): void {
  const index = linkIndex(bridge);
  using socket = new NetlinkSocket();
  const link = { name: bridge, index: index ?? 0 };
  const reached = index === null ? [] : addresses.filter((a) => hasNeighbour(socket, link, a));
  const withFlows = isGoing ? addresses : reached;
  if (withFlows.length > 0) forgetFlows(withFlows, reached);
  if (reached.length === 0) return;
  forgetTcpMetrics(reached);
  for (const address of reached) {
    forgetRouteException(socket, link, address);
    forgetNeighbour(socket, link, address);
  }
}

/**
 * Of a pod that goes. To be called when it can send nothing any more, and before its interface goes: see
 * takeUnclosed (write/elements.ts). Throws kernelRefused, tryAgain.
 */
export function forgetPod(pod: Whereabouts): void {
  telling(pod.addresses, () => forget(pod, true));
}

/**
 * Of who had the addresses of a pod that comes: what came about since that pod's DEL, and what was left
 * where none came. Nothing is translated to an address without a neighbour entry either. To be called
 * before the pod can send. Throws kernelRefused, tryAgain.
 */
export function forgetFormerPod(pod: Whereabouts): void {
  telling(pod.addresses, () => forget(pod, false));
}
