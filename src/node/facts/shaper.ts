/**
 * Finds out whether somebody else limits a pod, by what hangs on its host interface. Then the smaller of the
 * two limits holds.
 */
import { FairwayError } from "../../errors.ts";
import type { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { redirectTargets } from "../../kernel/read/filters.ts";
import { type Link, linkNumbered } from "../../kernel/read/links.ts";

/** These kinds hold traffic to a rate, whatever they are set to. */
const shapingKinds: readonly string[] = ["tbf", "htb", "hfsc", "cbq"];

const shapes = ({ rootQdisc }: Link): boolean => shapingKinds.includes(rootQdisc ?? "");

/**
 * Says in words what limits the pod; null means that nobody does. Towards the pod a shaper is the root qdisc
 * of its host interface. What comes from the pod is shaped by sending it to an IFB first, as the reference
 * `bandwidth` plugin does.
 */
export function shaperOn(host: Link, socket: NetlinkSocket): string | null {
  if (shapes(host)) return `the root qdisc ${host.rootQdisc} of ${host.name}`;
  for (const index of redirectTargets(socket, host.index)) {
    const target = linkNumbered(socket, index);
    if (target?.type === "ifb" && shapes(target))
      return `a filter of ${host.name} that sends what the pod sends to ${target.name}, with the root qdisc ${target.rootQdisc}`;
  }
  return null;
}

/** This is shown beside what `shaperOn` found. */
export const shaperAdvice =
  'Fairway takes the capability "bandwidth" and the kubernetes.io/*-bandwidth annotations: take the reference "bandwidth" plugin, or what else limits pods, out of the chain, and recreate the pod';

/** Throws foreignQdisc. */
export function refuseShaper(host: Link, socket: NetlinkSocket): void {
  const found = shaperOn(host, socket);
  if (found === null) return;
  throw new FairwayError(
    "foreignQdisc",
    `another plugin limits the pod, beside which no promise holds: ${found}`,
    shaperAdvice,
  );
}
