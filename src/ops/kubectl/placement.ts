/**
 * Whether a node is open to a pod at all, before its bandwidth is looked at: what is read of it are the pod's node
 * selector, its required node affinity and its tolerations, as the scheduler reads them (k8s.io/component-helpers,
 * scheduling/corev1). What else the scheduler looks at (processors, volumes, other pods) is left to it. Pure.
 */
import type { NodeSeen } from "../../cluster/node-object.ts";
import { isObject, type Json, textsOf } from "../../kube/objects.ts";

export const listOf = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

type Labels = Readonly<Record<string, string>>;

const labelIn = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

/** Whether labels meet an expression of a selector. */
export function isMet({ key, operator, values }: Json, labels: Labels): boolean {
  const found = labelIn(labels, text(key));
  const wanted = texts(values);
  switch (operator) {
    case "In":
      return found !== undefined && wanted.includes(found);
    case "NotIn":
      return found === undefined || !wanted.includes(found);
    case "Exists":
      return found !== undefined;
    case "DoesNotExist":
      return found === undefined;
    case "Gt":
      return found !== undefined && Number(found) > Number(wanted[0]);
    case "Lt":
      return found !== undefined && Number(found) < Number(wanted[0]);
    default:
      return false;
  }
}

/** The only field that can be asked for is the node's name. */
const isTermMet = (term: Json, { name, labels }: NodeSeen): boolean => {
  const [byLabel, byField] = [listOf(term.matchExpressions), listOf(term.matchFields)];
  // A term without any expression selects nothing.
  if (byLabel.length + byField.length === 0) return false;
  return (
    byLabel.every((each) => isMet(each, labels)) &&
    byField.every((each) => isMet(each, { "metadata.name": name }))
  );
};

function isAffine(spec: Json, node: NodeSeen): boolean {
  const affinity = isObject(spec.affinity) ? spec.affinity.nodeAffinity : undefined;
  const required = isObject(affinity)
    ? affinity.requiredDuringSchedulingIgnoredDuringExecution
    : undefined;
  if (!isObject(required)) return true;
  return listOf(required.nodeSelectorTerms).some((term) => isTermMet(term, node));
}

/** A toleration without a key is for all of them; one without an effect for each. */
const tolerates = (
  toleration: Json,
  taint: { key: string; effect: string; object: Json },
): boolean =>
  (text(toleration.effect) === "" || toleration.effect === taint.effect) &&
  (text(toleration.key) === "" ? toleration.operator === "Exists" : toleration.key === taint.key) &&
  (toleration.operator === "Exists" || text(toleration.value) === text(taint.object.value));

/** Taints of these effects keep a pod away. */
const keepsAway: readonly string[] = ["NoSchedule", "NoExecute"];

interface Open {
  node: NodeSeen;
  isReady: boolean;
  isCordoned: boolean;
}

/** Why the pod does not come to this node, in words; it is empty where nothing keeps it away. */
export function keptAway(spec: Json, { node, isReady, isCordoned }: Open): string[] {
  const words: string[] = [];
  const selector = textsOf(spec.nodeSelector);
  if (Object.entries(selector).some(([key, value]) => labelIn(node.labels, key) !== value))
    words.push("the pod's nodeSelector names others");
  if (!isAffine(spec, node)) words.push("the pod's node affinity names others");
  const tolerations = listOf(spec.tolerations);
  // A node that is cordoned, or not Ready, has a taint that says so, which some pods tolerate.
  const taints = node.taints.filter(
    (taint) =>
      keepsAway.includes(taint.effect) && !tolerations.some((each) => tolerates(each, taint)),
  );
  if (taints.length > 0)
    words.push(`its taint ${taints.map(({ key }) => key).join(" and ")} is not tolerated`);
  else if (isCordoned && node.taints.length === 0) words.push("it is cordoned");
  if (!isReady && taints.length === 0) words.push("it is not Ready");
  return words;
}
