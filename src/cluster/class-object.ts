/** What the agent reads of BandwidthClass objects, and which of them is a node's. Pure. */
import { isObject, type Json, type Meta, textsOf } from "../kube/objects.ts";
import { type Publishing, publishings, usualPublishing } from "./schedulable.ts";

export const classResource = {
  apiVersion: "fairway.dev/v1alpha1",
  kind: "BandwidthClass",
  path: "/apis/fairway.dev/v1alpha1/bandwidthclasses",
} as const;

/**
 * What a class may say, and where that stands in the plugin's configuration. There is no other list: the
 * cluster's own definition is made from it and from the configuration's schema.
 */
export const classKeys = {
  egressCapacity: ["uplink", "egressCapacity"],
  ingressCapacity: ["uplink", "ingressCapacity"],
  reserve: ["uplink", "reserve"],
  policeHost: ["uplink", "policeHost"],
  tiers: ["tiers"],
  defaultTier: ["defaultTier"],
  policy: ["policy"],
  overcommit: ["overcommit"],
  hostClasses: ["hostClasses"],
} as const satisfies Record<string, readonly string[]>;

export interface ClassSeen {
  name: string;
  uid: string;
  /** The labels that a node has to have. Without any it is every node's. */
  nodeSelector: Readonly<Record<string, string>>;
  priority: number;
  /** How the capacity of its nodes is told to the scheduler, which no configuration of a node says. */
  publishing: Publishing;
  /** By the keys of `classKeys`. What is wrong with it is told where it is put into a configuration. */
  values: Readonly<Json>;
}

const isPublishing = (value: unknown): value is Publishing =>
  publishings.some((each) => each === value);

/** A `publish` that this version does not know is named among the values, and refused with them. */
export function readClass({ spec }: Json, { name, uid }: Meta): ClassSeen {
  const { nodeSelector, priority, publish, ...others } = isObject(spec) ? spec : {};
  const isRead = publish === undefined || isPublishing(publish);
  const values = isRead ? others : { ...others, [`publish: ${JSON.stringify(publish)}`]: publish };
  return {
    name,
    uid,
    nodeSelector: textsOf(nodeSelector),
    priority: typeof priority === "number" ? priority : 0,
    publishing: isPublishing(publish) ? publish : usualPublishing,
    values,
  };
}

export type Chosen =
  | { state: "none" }
  | { state: "one"; chosen: ClassSeen }
  /** Which of them holds is not guessed. */
  | { state: "tie"; names: string[] };

/** The class of a node with these labels: of those that select it, the one with the highest priority. */
export function classFor(
  classes: readonly ClassSeen[],
  labels: Readonly<Record<string, string>>,
): Chosen {
  const selecting = classes.filter(({ nodeSelector }) =>
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value),
  );
  const highest = Math.max(...selecting.map(({ priority }) => priority));
  const [first, ...others] = selecting.filter(({ priority }) => priority === highest);
  if (first === undefined) return { state: "none" };
  if (others.length === 0) return { state: "one", chosen: first };
  return { state: "tie", names: [first, ...others].map(({ name }) => name).toSorted() };
}
