/** Whether what a pod asks for fits, on which nodes, why not on the others, and what would. Pure. */
import type { CountedMbps } from "../../cluster/scheduler-count.ts";
import type { Json } from "../../kube/objects.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { keptAway } from "./placement.ts";
import { type By, by, freeMbps, isAsked, type NodeShown } from "./seen.ts";

export interface NodeFit {
  node: string;
  /** How many such pods fit there beside those that are there; null where no bandwidth is asked for. */
  pods: number | null;
  fits: boolean;
  /** What the scheduler can still give; null where nothing is published there. */
  freeMbps: By<number | null>;
  /** Each is a part of a sentence; it is empty where it fits. */
  whyNot: string[];
  /** Whether something else than bandwidth keeps the pod away. */
  isClosed: boolean;
}

function lacking(ask: CountedMbps, free: By<number | null>): string[] {
  return directions.flatMap((direction) => {
    const [asked, has] = [ask[direction], free[direction]];
    if (asked === 0) return [];
    if (has === null) return [`no agent tells what it has of ${direction}`];
    return asked <= has ? [] : [`${direction} lacks ${asked - has} Mbit/s`];
  });
}

function podsOf(ask: CountedMbps, free: By<number | null>): number | null {
  const asked = directions.filter((direction) => ask[direction] > 0);
  if (asked.length === 0) return null;
  const counts = asked.map((direction) => Math.floor((free[direction] ?? 0) / ask[direction]));
  return Math.max(0, Math.min(...counts));
}

/** `spec` is the pod's. */
export function fitOn(shown: NodeShown, spec: Json, ask: CountedMbps): NodeFit {
  const free = by((direction) => freeMbps(shown.schedulable[direction]));
  const closed = keptAway(spec, shown);
  const whyNot = [...closed, ...lacking(ask, free)];
  return {
    node: shown.node.name,
    pods: closed.length > 0 && isAsked(ask) ? 0 : podsOf(ask, free),
    fits: whyNot.length === 0,
    freeMbps: free,
    whyNot,
    isClosed: closed.length > 0,
  };
}

/** How many such pods fit in the cluster beside those that are there; null where no bandwidth is asked for. */
export function podsThatFit(fits: readonly NodeFit[]): number | null {
  if (fits.some(({ pods }) => pods === null)) return null;
  return fits.reduce((sum, { pods }) => sum + (pods ?? 0), 0);
}

/** What would make it fit, where it fits nowhere now; each is a sentence. */
export function wouldFit(
  ask: CountedMbps,
  fits: readonly NodeFit[],
  nodes: readonly NodeShown[],
): string[] {
  if (!isAsked(ask) || fits.some((each) => each.fits)) return [];
  const open = fits.filter(({ isClosed }) => !isClosed);
  if (open.length === 0)
    return [
      "Bandwidth is not what keeps it away: open a node to it (labels, taints, kubectl uncordon).",
    ];
  const telling = open.filter(({ freeMbps: free }) =>
    directions.every((direction) => ask[direction] === 0 || free[direction] !== null),
  );
  if (telling.length === 0)
    return [
      "No node tells what it has: install Fairway with `--cluster`; `kubectl fairway nodes` shows the agents.",
    ];
  const able = nodes.filter((node) => canEver(ask, node)).map(({ node }) => node.name);
  return [
    ...smaller(ask, telling),
    ...(able.length === 0
      ? [neverFits(ask, nodes)]
      : roomOn(
          ask,
          telling.filter(({ node }) => able.includes(node)),
        )),
  ];
}

const lacksOf = (ask: CountedMbps, { freeMbps: free }: NodeFit): number =>
  directions.reduce((sum, each) => sum + Math.max(0, ask[each] - (free[each] ?? 0)), 0);

/** The node that lacks least. */
const nearest = (ask: CountedMbps, fits: readonly NodeFit[]): NodeFit | undefined =>
  fits.toSorted((a, b) => lacksOf(ask, a) - lacksOf(ask, b))[0];

function smaller(ask: CountedMbps, telling: readonly NodeFit[]): string[] {
  const found = nearest(ask, telling);
  if (found === undefined) return [];
  const parts = directions.flatMap((direction) => {
    const has = Math.max(0, found.freeMbps[direction] ?? 0);
    return ask[direction] > has
      ? [`${has} Mbit/s of ${direction} instead of ${ask[direction]}`]
      : [];
  });
  return [`${found.node} has room for ${parts.join(" and ")}.`];
}

function roomOn(ask: CountedMbps, telling: readonly NodeFit[]): string[] {
  const found = nearest(ask, telling);
  if (found === undefined) return [];
  const parts = directions.flatMap((direction) => {
    const lacks = ask[direction] - (found.freeMbps[direction] ?? 0);
    return ask[direction] > 0 && lacks > 0 ? [`${lacks} Mbit/s of ${direction}`] : [];
  });
  return [
    `As it is asked for, it fits once pods on ${found.node} have given back ${parts.join(" and ")}, or a node with that much free has come.`,
  ];
}

const mostOf = ({ schedulable }: NodeShown, direction: Direction): number =>
  schedulable[direction]?.allocatableMbps ?? 0;

/** Whether it has as much at all, however empty it is. */
const canEver = (ask: CountedMbps, node: NodeShown): boolean =>
  directions.every((direction) => ask[direction] <= mostOf(node, direction));

/** Said where no node could ever have it. */
function neverFits(ask: CountedMbps, nodes: readonly NodeShown[]): string {
  const asked = directions.filter((direction) => ask[direction] > 0);
  const most = (direction: Direction): number =>
    Math.max(0, ...nodes.map((node) => mostOf(node, direction)));
  const lacking = asked.filter((direction) => ask[direction] > most(direction));
  const named = lacking.length === 0 ? asked : lacking;
  const parts = named.map((direction) => `${ask[direction]} Mbit/s of ${direction}`);
  const rest = lacking.length === 0 ? ", on different nodes" : "";
  return `No node of this cluster ever has ${parts.join(" and ")} to give: the most is ${named.map(most).join(" and ")}${rest}.`;
}
