/** What the agent keeps of a pod as the API server has it. Pure. */
import { mirrorKey, ownAnnotations } from "../config/annotations.ts";
import { isObject, type Json, type Meta, textsOf } from "../kube/objects.ts";
import { type CountedMbps, countedMbps } from "./scheduler-count.ts";

export interface PodSeen {
  uid: string;
  namespace: string;
  name: string;
  /** The ids by which a runtime may know it: a static pod has another one on its node than in the API. */
  uids: readonly string[];
  /** Those that Fairway reads; they are empty where they are too many. */
  annotations: Readonly<Record<string, string>>;
  /** How many characters they have, where that is more than anybody needs; null means that it is not. */
  excess: number | null;
  /** It is being deleted. */
  isEnding: boolean;
  /** What the scheduler counts for it. */
  countedMbps: CountedMbps;
}

/** Sixteen annotations are known, and no value of theirs has more than 64 characters. */
const mostCharacters = 8 * 1024;

/** The kubelet writes them to the object by which the API shows a static pod. */
const staticIds = [mirrorKey, "kubernetes.io/config.hash"];

/** Nothing else of the pod is kept: a node may have hundreds, with all that stands in their specifications. */
export function readPod(pod: Json, meta: Meta): PodSeen {
  const { metadata } = pod;
  const all = textsOf(isObject(metadata) ? metadata.annotations : undefined);
  const own = ownAnnotations(all);
  const characters = Object.entries(own).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  const isExcess = characters > mostCharacters;
  return {
    uid: meta.uid,
    namespace: meta.namespace,
    name: meta.name,
    uids: [
      meta.uid,
      ...staticIds.flatMap((key) => (Object.hasOwn(all, key) ? (all[key] ?? []) : [])),
    ],
    annotations: isExcess ? {} : own,
    excess: isExcess ? characters : null,
    isEnding: isObject(metadata) && typeof metadata.deletionTimestamp === "string",
    countedMbps: countedMbps(pod),
  };
}

export const podKey = ({ namespace, name }: Pick<PodSeen, "namespace" | "name">): string =>
  `${namespace}/${name}`;
