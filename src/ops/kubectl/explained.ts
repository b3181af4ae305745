/** Puts together what `explain` finds out: what is asked for, where it fits, why not elsewhere, and what would. Pure. */
import { isObject, type Json } from "../../kube/objects.ts";
import type { Tiers } from "../../promise/tiers.ts";
import { fitOn, type NodeFit, podsThatFit, wouldFit } from "./fit.ts";
import { listOf } from "./placement.ts";
import { endlessWords, rolloutOf } from "./rollout.ts";
import { isAsked, type NodeShown, nameOfNode } from "./seen.ts";
import { type Asking, askingOf, placedPods, type Subject, schedulerWords } from "./subject.ts";

interface Replicas {
  wanted: number;
  placed: number;
  /** How many more fit now; null where they ask for no bandwidth. */
  more: number | null;
}

export interface Explained {
  kind: Subject["kind"];
  namespace: string;
  name: string;
  asking: Asking;
  /** The names of the pod's claims of devices, which are not counted. */
  claims: string[];
  /** Of a pod: where it is. */
  node: string | null;
  /** Of a Deployment. */
  replicas: Replicas | null;
  fits: NodeFit[];
  /** The scheduler's own words of a pod that waits. */
  scheduler: string | null;
  /** Sentences: what would fit, and what stands in the way of an update. */
  advice: string[];
}

export interface ExplainAsk {
  subject: Subject;
  tiers: Tiers | null;
  nodes: readonly NodeShown[];
  pods: readonly Json[];
}

const specOf = (object: Json): Json => (isObject(object.spec) ? object.spec : {});

function replicasOf({ subject, pods }: ExplainAsk, more: number | null): Replicas | null {
  if (subject.kind === "pod") return null;
  const { replicas = 1 } = specOf(subject.object);
  return {
    wanted: typeof replicas === "number" ? replicas : 1,
    placed: placedPods(subject, pods).length,
    more,
  };
}

const uncounted =
  "The scheduler does not count it: the pod has no requests of fairway.dev, so only the node itself refuses what does not fit (docs/scheduling.md).";

const claimsOf = (pod: Json): string[] =>
  listOf(specOf(pod).resourceClaims)
    .map(({ name }) => name)
    .filter((name) => typeof name === "string");

const claimsWords = (claims: readonly string[], namespace: string): string =>
  `Claims are not looked at here (${claims.join(", ")}): kubectl -n ${namespace} get resourceclaims -o yaml tells what each has, and the scheduler why it waits (docs/claims.md).`;

export function explained(ask: ExplainAsk): Explained {
  const { subject, tiers, nodes } = ask;
  const { kind, namespace, name, pod, object } = subject;
  const asking = askingOf(pod, tiers);
  const node = kind === "pod" ? nameOfNode(pod) : null;
  const claims = claimsOf(pod);
  const whole = { kind, namespace, name, asking, claims, node };
  if (asking.kind === "refused")
    return { ...whole, replicas: replicasOf(ask, 0), fits: [], scheduler: null, advice: [] };
  const fits = nodes.map((each) => fitOn(each, specOf(pod), asking.mbps));
  const replicas = replicasOf(ask, podsThatFit(fits));
  const isPlaced = node !== null || (replicas !== null && replicas.placed >= replicas.wanted);
  const endless =
    replicas === null
      ? null
      : endlessWords({
          ...replicas,
          rollout: rolloutOf(specOf(object), replicas.wanted),
        });
  const isUncounted = kind === "pod" && isAsked(asking.mbps) && !isAsked(asking.counted);
  const advice = [
    ...(isPlaced ? [] : wouldFit(asking.mbps, fits, nodes)),
    ...(endless === null ? [] : [endless]),
    ...(isUncounted ? [uncounted] : []),
    ...(claims.length > 0 ? [claimsWords(claims, namespace)] : []),
  ];
  return { ...whole, replicas, fits, scheduler: schedulerWords(pod), advice };
}
