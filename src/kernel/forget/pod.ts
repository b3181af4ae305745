/**
 * What the kernel keeps of a pod under its addresses after the pod's interface is gone. Whoever has an
 * address next would meet it (docs/engineering/decisions/0028-what-a-pod-leaves.md).
 */
import { FairwayError, messageOf } from "../../errors.ts";
import { linkIndex } from "../link-index.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { forgetFlows } from "./flows.ts";
import { forgetRouteException, forgetTcpMetrics } from "./learned.ts";
import { forgetNeighbour, hasNeighbour } from "./neighbours.ts";

/** The addresses without prefix lengths, and the bridge that they are on. */
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

/** An error of `act` is reported as a failure to forget the pod at these addresses. */
function telling(addresses: readonly string[], act: () => unknown): void {
  try {
    act();
  } catch (error) {
    throw refusal(addresses, error);
  }
}

/**
 * With `isGoing` the flows of all addresses are forgotten. Otherwise only those of addresses to which the
 * node has sent something, which takes a neighbour entry. The other things that the node knows take one as
 * well. So the entry is deleted last: a try that fails before finds it again the next time.
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
 * Forgets a pod that goes. It has to be called when the pod can send nothing any more, and before its
 * interface goes: see takeUnclosed (write/transaction.ts). Throws kernelRefused, tryAgain.
 */
export function forgetPod(pod: Whereabouts): void {
  telling(pod.addresses, () => forget(pod, true));
}

/**
 * Forgets whoever had the addresses of a pod that comes. That is what came about since the former pod's DEL,
 * and what was left where no DEL came. Nothing is translated to an address without a neighbour entry either.
 * It has to be called before the new pod can send. Throws kernelRefused, tryAgain.
 */
export function forgetFormerPod(pod: Whereabouts): void {
  telling(pod.addresses, () => forget(pod, false));
}
