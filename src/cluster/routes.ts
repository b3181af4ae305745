/** Keeps the routes to other nodes' pods, or takes away those that are left of it. */
import { FairwayError } from "../errors.ts";
import {
  addPeerRoute,
  onLink,
  type PeerRoute,
  peerRoutes,
  removePeerRoute,
} from "../kernel/peer-routes.ts";
import type { Tell } from "../tell.ts";
import type { NodeSeen } from "./node-object.ts";
import { peerRoutesOf } from "./peers.ts";
import type { Troubles } from "./told.ts";

const keyOf = ({ dst, gw, dev }: PeerRoute): string => `${dst} via ${gw} dev ${dev}`;

/** Brings the kernel's routes to `wanted`, and tells what was done. What fails is returned, in words. */
function bring(dev: string, wanted: readonly PeerRoute[], tell: Tell): string[] {
  const has = new Map(peerRoutes(dev).map((each) => [keyOf(each), each]));
  const wants = new Map(wanted.map((each) => [keyOf(each), each]));
  const failures: string[] = [];
  const attempt = (words: string, route: PeerRoute, act: (route: PeerRoute) => void): void => {
    try {
      act(route);
      tell("info", `the cluster: route ${words}`, { ...route });
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      failures.push(error.message);
    }
  };
  for (const [key, route] of has)
    if (!wants.has(key)) attempt("taken away", route, removePeerRoute);
  for (const [key, route] of wants) if (!has.has(key)) attempt("made", route, addPeerRoute);
  return failures;
}

/** `uplink` is null where no network has told it yet. */
export function keepRoutes(
  own: NodeSeen,
  nodes: readonly NodeSeen[],
  uplink: string | null,
  tell: Tell,
  troubles: Troubles,
): void {
  if (uplink === null) return;
  const { routes, refused } = peerRoutesOf(own, nodes, { dev: uplink, ...onLink(uplink) });
  const failures = bring(uplink, routes, tell);
  const words = [...refused, ...failures];
  troubles.about("routes to other nodes", words.length === 0 ? null : words.join("; "));
}

/** Where the agent is not asked to keep routes: those of an agent that was. */
export function dropRoutes(uplink: string, tell: Tell): void {
  bring(uplink, [], tell);
}
