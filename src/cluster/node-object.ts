/** What the agent reads of a Node object. Pure. */
import { resourceNames } from "../config/resources.ts";
import { isObject, type Json, type Meta, textsOf } from "../kube/objects.ts";
import { type Direction, directions } from "../plan/node.ts";

interface Taint {
  key: string;
  effect: string;
  /** As the API has it, for a patch that takes away this one and no other. */
  object: Json;
}

/**
 * Where a Node says what it has, and what of that is for pods. A kubelet copies the one to the other some seconds
 * later; the scheduler looks at the second.
 */
export const resourcePlaces = ["capacity", "allocatable"] as const;

/** Our resources as they stand there, as text; null where one is absent. */
type ResourcesSeen = Readonly<
  Record<(typeof resourcePlaces)[number], Readonly<Record<Direction, string | null>>>
>;

export interface NodeSeen {
  name: string;
  uid: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  /** null means that no kubelet has written it yet. */
  bootId: string | null;
  podCidrs: readonly string[];
  /** Of type InternalIP. */
  addresses: readonly string[];
  resources: ResourcesSeen;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function at(object: Json, ...keys: string[]): unknown {
  return keys.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object);
}

function resourcesAt(object: Json, place: string): Record<Direction, string | null> {
  const texts = textsOf(at(object, "status", place));
  const [egress, ingress] = directions.map((direction) => texts[resourceNames[direction]] ?? null);
  return { egress: egress ?? null, ingress: ingress ?? null };
}

export function readNode(object: Json, meta: Meta): NodeSeen {
  const cidrs = list(at(object, "spec", "podCIDRs")).map(text);
  const only = text(at(object, "spec", "podCIDR"));
  const bootId = text(at(object, "status", "nodeInfo", "bootID"));
  return {
    name: meta.name,
    uid: meta.uid,
    labels: textsOf(at(object, "metadata", "labels")),
    annotations: textsOf(at(object, "metadata", "annotations")),
    taints: list(at(object, "spec", "taints"))
      .filter(isObject)
      .map((taint) => ({ key: text(taint.key), effect: text(taint.effect), object: taint })),
    bootId: bootId === "" ? null : bootId,
    podCidrs: (cidrs.length === 0 ? [only] : cidrs).filter((each) => each !== ""),
    addresses: list(at(object, "status", "addresses"))
      .filter(isObject)
      .filter(({ type }) => type === "InternalIP")
      .map(({ address }) => text(address))
      .filter((each) => each !== ""),
    resources: {
      capacity: resourcesAt(object, "capacity"),
      allocatable: resourcesAt(object, "allocatable"),
    },
  };
}
