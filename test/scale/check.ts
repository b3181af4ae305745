/** Adds up what was bound, node by node, and says whether it fits. Pure. */
import { directions } from "../../src/plan/node.ts";
import type { Mbps, PlannedNode } from "./plan.ts";

export interface FoundPod {
  name: string;
  /** What it is promised. */
  mbps: Mbps;
  /** null means that it is bound to none. */
  node: string | null;
  /** Why it is Pending, in the scheduler's words; null means that it has said nothing of it. */
  why: string | null;
}

export interface Verdict {
  bound: number;
  pending: number;
  /** Nodes that have been given more than they have, each in words. */
  overfull: string[];
  /** Pods of these that their nodes would have to refuse. */
  refused: number;
  /** Pods that the scheduler has refused although a node has room for them. */
  needless: string[];
  /** Pods of which the scheduler has said nothing. */
  undecided: number;
  /** On the node that has most of them. */
  mostPods: number;
  /** What is bound of all that the nodes have, from 0 to 1. */
  used: Mbps;
  /** The smallest that it has refused, by both directions together; null means that none was. */
  smallest: { name: string; mbps: Mbps; why: string } | null;
}

const fits = (wanted: Mbps, free: Mbps): boolean =>
  directions.every((direction) => wanted[direction] <= free[direction]);

const together = ({ egress, ingress }: Mbps): number => egress + ingress;

const nothing = (): Mbps => ({ egress: 0, ingress: 0 });

function add(to: Mbps, more: Mbps): void {
  for (const direction of directions) to[direction] += more[direction];
}

/** Throws where a pod is bound to a node that there is not. */
export function judged(nodes: readonly PlannedNode[], pods: readonly FoundPod[]): Verdict {
  const rooms = new Map(
    nodes.map(({ name, mbps }) => [
      name,
      { has: mbps, given: nothing(), kept: nothing(), pods: 0 },
    ]),
  );
  const [has, bound] = [nothing(), nothing()];
  for (const { mbps } of nodes) add(has, mbps);
  let refused = 0;
  for (const { name, node, mbps } of pods) {
    if (node === null) continue;
    const room = rooms.get(node);
    if (room === undefined) throw new Error(`${name} is bound to ${node}, which there is not`);
    add(bound, mbps);
    add(room.given, mbps);
    room.pods += 1;
    const { egress, ingress } = room.kept;
    const then = { egress: egress + mbps.egress, ingress: ingress + mbps.ingress };
    if (fits(then, room.has)) room.kept = then;
    else refused += 1;
  }
  const overfull = [...rooms].flatMap(([node, { has: own, given }]) =>
    directions
      .filter((direction) => given[direction] > own[direction])
      .map((each) => `${node}: ${each} ${given[each]} of ${own[each]} Mbit/s`),
  );
  const pending = pods
    .filter(({ node }) => node === null)
    .sort((one, other) => together(one.mbps) - together(other.mbps));
  const free = [...rooms.values()].map(({ has: own, given }) => ({
    egress: own.egress - given.egress,
    ingress: own.ingress - given.ingress,
  }));
  /** Of the others it is not known yet what becomes of them. */
  const turnedAway = pending.flatMap(({ why, ...pod }) => (why === null ? [] : [{ ...pod, why }]));
  const [first] = turnedAway;
  return {
    bound: pods.length - pending.length,
    pending: pending.length,
    overfull,
    refused,
    needless: turnedAway
      .filter(({ mbps }) => free.some((room) => fits(mbps, room)))
      .map(({ name }) => name),
    undecided: pending.length - turnedAway.length,
    mostPods: Math.max(...[...rooms.values()].map((room) => room.pods)),
    used: { egress: bound.egress / has.egress, ingress: bound.ingress / has.ingress },
    smallest: first === undefined ? null : { name: first.name, mbps: first.mbps, why: first.why },
  };
}
