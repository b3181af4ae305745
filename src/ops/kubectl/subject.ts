/** What `explain` is asked about: a pod, or the pods of a Deployment. Pure, but for asking the API server. */
import { mutate } from "../../admission/mutate.ts";
import { patched } from "../../admission/patched.ts";
import { type CountedMbps, countedMbps } from "../../cluster/scheduler-count.ts";
import { FairwayError } from "../../errors.ts";
import { isObject, type Json, metaOf, textsOf } from "../../kube/objects.ts";
import type { Tiers } from "../../promise/tiers.ts";
import type { Api } from "./api.ts";
import { isMet, listOf } from "./placement.ts";
import { nameOfNode } from "./seen.ts";

export interface Named {
  kind: "pod" | "deployment";
  name: string;
}

const kinds: Readonly<Record<string, Named["kind"]>> = {
  ...{ pod: "pod", pods: "pod", po: "pod" },
  ...{ deployment: "deployment", deployments: "deployment", deploy: "deployment" },
  "deployment.apps": "deployment",
};

/** As the API allows it. */
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** "web", "pod/web", "deployment/web". */
export function parseNamed(text: string): Named {
  const [first = "", second, ...others] = text.split("/");
  const [word, name] = second === undefined ? ["pod", first] : [first, second];
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind !== undefined && others.length === 0 && namePattern.test(name)) return { kind, name };
  throw new Error(`${JSON.stringify(text)} is neither POD nor deployment/NAME`);
}

export interface Subject extends Named {
  namespace: string;
  /** The whole object. */
  object: Json;
  /** A pod, or what pods are made of. */
  pod: Json;
}

const pathOf = ({ kind, name }: Named, namespace: string): string =>
  kind === "pod"
    ? `/api/v1/namespaces/${namespace}/pods/${name}`
    : `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;

const objectAt = (object: Json, key: string): Json => {
  const found = object[key];
  return isObject(found) ? found : {};
};

/** Throws badConfig where there is none, and unavailable. */
export async function subjectOf(api: Api, named: Named, namespace: string): Promise<Subject> {
  const object = await api.get(`get ${named.kind} ${named.name}`, pathOf(named, namespace));
  if (object === null)
    throw new FairwayError(
      "badConfig",
      `namespace ${namespace} has no ${named.kind} ${named.name}`,
      "--namespace says where it is; deployment/NAME explains the pods of a Deployment",
    );
  const pod = named.kind === "pod" ? object : objectAt(objectAt(object, "spec"), "template");
  return { ...named, namespace, object, pod };
}

export type Asking =
  | {
      kind: "asks";
      mbps: CountedMbps;
      /** What the scheduler counts by itself. */
      counted: CountedMbps;
    }
  | { kind: "refused"; words: string };

/**
 * What a pod asks of the scheduler: what the cluster's admission makes of its annotations and of its tier. A pod that
 * has ended asks for what it asked for before.
 */
export function askingOf(pod: Json, tiers: Tiers | null): Asking {
  const { status: _, ...asked } = pod;
  const decision = mutate(asked, tiers);
  if (decision.kind === "refused") return decision;
  return {
    kind: "asks",
    mbps: countedMbps(patched(asked, decision.operations)),
    counted: countedMbps(asked),
  };
}

const endedPhases: readonly unknown[] = ["Succeeded", "Failed"];

/** The pods of a Deployment that are on a node, of those of the cluster. */
export function placedPods({ object, namespace }: Subject, pods: readonly Json[]): Json[] {
  const selector = objectAt(objectAt(object, "spec"), "selector");
  const labels = Object.entries(textsOf(selector.matchLabels));
  const expressions = listOf(selector.matchExpressions);
  return pods.filter((pod) => {
    const own = textsOf(objectAt(pod, "metadata").labels);
    return (
      metaOf(pod)?.namespace === namespace &&
      labels.every(([key, value]) => own[key] === value) &&
      expressions.every((each) => isMet(each, own)) &&
      nameOfNode(pod) !== null &&
      !endedPhases.includes(objectAt(pod, "status").phase)
    );
  });
}

/** What the scheduler itself says of a pod that it could not place; null where it says nothing. */
export function schedulerWords(pod: Json): string | null {
  const { conditions } = objectAt(pod, "status");
  const found = (Array.isArray(conditions) ? conditions : [])
    .filter(isObject)
    .find(({ type, status }) => type === "PodScheduled" && status === "False");
  return typeof found?.message === "string" ? found.message : null;
}
