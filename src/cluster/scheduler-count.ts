/** How much bandwidth Kubernetes' scheduler counts for a pod, from the pod as the API server has it. Pure. */
import { isSidecar, podRequest } from "../config/pod-request.ts";
import { parseRateBits } from "../config/quantities.ts";
import { resourceNames } from "../config/resources.ts";
import { isObject, type Json, textsOf } from "../kube/objects.ts";
import { type Direction, directions } from "../plan/node.ts";

/** In whole Mbit/s. */
export type CountedMbps = Readonly<Record<Direction, number>>;

/** The scheduler forgets a pod that has come to its end, whether or not its object is still there. */
const endedPhases: readonly unknown[] = ["Succeeded", "Failed"];

/**
 * A whole number as Kubernetes writes it: 25000 is "25k". null means that it is none, or one that no node has, which
 * keeps a pod from every node.
 */
export function amountOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  try {
    return parseRateBits(text, "amount");
  } catch {
    return null;
  }
}

const listAt = (object: Json, key: string): Json[] => {
  const found = object[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
};

function amountIn(list: unknown, direction: Direction): number {
  return amountOf(textsOf(list)[resourceNames[direction]]) ?? 0;
}

/** The API server writes a limit's amount into the requests where those lack. */
const requestOf = ({ resources }: Json, direction: Direction): number =>
  isObject(resources) ? amountIn(resources.requests, direction) : 0;

/** What a pod asks for as a whole is known for processors and memory only. */
function countedOf(spec: Json, direction: Direction): number {
  const containers = listAt(spec, "containers").map((each) => requestOf(each, direction));
  const inits = listAt(spec, "initContainers").map((each) => ({
    amount: requestOf(each, direction),
    isSidecar: isSidecar(each),
  }));
  return podRequest(containers, inits) + amountIn(spec.overhead, direction);
}

export function countedMbps({ spec, status }: Json): CountedMbps {
  const hasEnded = isObject(status) && endedPhases.includes(status.phase);
  const [egress, ingress] = directions.map((direction) =>
    hasEnded || !isObject(spec) ? 0 : countedOf(spec, direction),
  );
  return { egress: egress ?? 0, ingress: ingress ?? 0 };
}
