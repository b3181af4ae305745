/** The nodes and pods of a simulation: mixed sizes, and of each the same for the same seed. Pure. */
import { mbpsDown } from "../../src/config/resources.ts";
import { directions } from "../../src/plan/node.ts";
import { Random } from "../node/model/random.ts";

/** Whole Mbit/s, as the scheduler counts them. */
export interface Mbps {
  egress: number;
  ingress: number;
}

export interface PlannedNode {
  name: string;
  mbps: Mbps;
}

export interface PlannedPod {
  name: string;
  mbps: Mbps;
}

export interface Plan {
  nodes: PlannedNode[];
  pods: PlannedPod[];
}

export interface PlanOptions {
  nodes: number;
  pods: number;
  seed: number;
  /** How much of the sum of the nodes' the pods ask for together, from 0 to 1. */
  share: number;
}

/** What an agent publishes of a link: its capacity in each direction, less 5% in reserve. */
const published = (egressBits: number, ingressBits: number): Mbps => ({
  egress: mbpsDown(egressBits * 0.95),
  ingress: mbpsDown(ingressBits * 0.95),
});

/** Three of five have 10 Gbit/s. The way in is set below the wire, as it is to be. */
const sizes: readonly Mbps[] = [
  published(10e9, 9.5e9),
  published(25e9, 24e9),
  published(10e9, 9.5e9),
  published(25e9, 24e9),
  published(10e9, 9.5e9),
];

/** How large the parts of a node are beside each other; 0 promises nothing in that direction. */
const weights = [0, 1, 1, 2, 3, 5] as const;

/** Whole numbers that add up to `sum`, in proportion to `weights`. */
export function parts(sum: number, weights: readonly number[]): number[] {
  const all = weights.reduce((total, weight) => total + weight, 0);
  let [weighed, given] = [0, 0];
  return weights.map((weight) => {
    weighed += weight;
    const upTo = all === 0 ? 0 : Math.round((sum * weighed) / all);
    const part = upTo - given;
    given = upTo;
    return part;
  });
}

function weightsOf(count: number, random: Random): number[] {
  const drawn = Array.from({ length: count }, () => random.pick(weights) ?? 1);
  return drawn.some((each) => each > 0) ? drawn : drawn.map(() => 1);
}

/**
 * The pods are the nodes' own shares cut into parts and shuffled: so there is a place for each of them, and what
 * stays Pending does so for the order in which the scheduler took them, and for how it chose.
 */
export function planOf({ nodes: count, pods, seed, share }: PlanOptions): Plan {
  const random = new Random(seed);
  const digits = (number: number, of: number): string =>
    String(number).padStart(String(of).length, "0");
  const nodes = Array.from({ length: count }, (_, at): PlannedNode => {
    const mbps = sizes[at % sizes.length];
    if (mbps === undefined) throw new Error("there is no size of a node");
    return { name: `node-${digits(at, count)}`, mbps };
  });
  const counts = parts(
    pods,
    nodes.map(({ mbps }) => mbps.egress),
  );
  const cut = nodes.flatMap(({ mbps }, at) => {
    const own = counts[at] ?? 0;
    const [egress, ingress] = directions.map((direction) =>
      parts(Math.floor(mbps[direction] * share), weightsOf(own, random)),
    );
    return Array.from({ length: own }, (_, part) => ({
      egress: egress?.[part] ?? 0,
      ingress: ingress?.[part] ?? 0,
    }));
  });
  return {
    nodes,
    pods: random.shuffled(cut).map((mbps, at) => ({ name: `pod-${digits(at, pods)}`, mbps })),
  };
}
