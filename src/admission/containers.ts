/** What a pod's containers bring of a resource, counted as the scheduler counts it. Pure. */

import { isSidecar, podRequest } from "../config/pod-request.ts";
import type { Problems } from "../config/problems.ts";
import { parseRateBits } from "../config/quantities.ts";
import { resourceNames } from "../config/resources.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import type { Direction } from "../plan/node.ts";

const listOf = (value: unknown): JsonObject[] =>
  (Array.isArray(value) ? value : []).filter(isObject);

interface Brought {
  /** Where it stands: "spec.containers[0].resources.requests". */
  at: string;
  value: unknown;
}

/** Limits alone are enough for Kubernetes, which takes requests from them. */
function broughtBy(container: JsonObject, place: string, name: string): Brought | null {
  const resources = isObject(container.resources) ? container.resources : {};
  for (const kind of ["requests", "limits"] as const) {
    const of = resources[kind];
    if (isObject(of) && Object.hasOwn(of, name))
      return { at: `${place}.resources.${kind}`, value: of[name] };
  }
  return null;
}

/** A resource that no fractions are counted of is written as a quantity all the same: "1k" is a thousand. */
function mbpsOf({ at, value }: Brought, name: string, problems: Problems): number {
  try {
    if (typeof value === "string" || typeof value === "number") return parseRateBits(value, name);
  } catch {
    // What is wrong is said below, in the resource's own unit.
  }
  problems.add(
    `${at}[${name}]`,
    `${JSON.stringify(value)} is not a whole number of Mbit/s`,
    `Write ${name} as a whole number of Mbit/s, for example 100.`,
  );
  return 0;
}

/** null means that no container brings the resource. */
export function broughtMbps(
  spec: JsonObject,
  direction: Direction,
  problems: Problems,
): number | null {
  const name = resourceNames[direction];
  let isThere = false;
  const of = (container: JsonObject, place: string): number => {
    const brought = broughtBy(container, place, name);
    if (brought === null) return 0;
    isThere = true;
    return mbpsOf(brought, name, problems);
  };
  const containers = listOf(spec.containers).map((each, at) => of(each, `spec.containers[${at}]`));
  const inits = listOf(spec.initContainers).map((each, at) => ({
    amount: of(each, `spec.initContainers[${at}]`),
    isSidecar: isSidecar(each),
  }));
  return isThere ? podRequest(containers, inits) : null;
}

/** What each container brings of it, as it is written; null where one brings nothing. */
export const resourcesAsWritten = (spec: JsonObject, name: string): unknown[] =>
  [spec.containers, spec.initContainers]
    .flatMap(listOf)
    .map((container) => broughtBy(container, "", name)?.value ?? null);

/** The first container, which gets what is counted for the whole pod. null means that there is none. */
export const firstContainer = (spec: JsonObject): JsonObject | null =>
  listOf(spec.containers)[0] ?? null;
