/**
 * What is wrong with an object that has a pod in it, in words: the verdict of the policy fairway-annotations, for API
 * servers that have no such policies. Pure.
 */
import { fairwayPrefix, knownAnnotations } from "../config/annotations.ts";
import { resourceNames } from "../config/resources.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import { textsOf } from "../kube/objects.ts";
import { directions } from "../plan/node.ts";
import { resourcesAsWritten } from "./containers.ts";
import { mutate } from "./mutate.ts";

const within = (object: JsonObject, ...path: readonly string[]): JsonObject =>
  path.reduce<JsonObject>((of, key) => {
    const value = of[key];
    return isObject(value) ? value : {};
  }, object);

/** `resource` is the plural, as in a request of the API: "pods". What has no pod is an empty object. */
function podIn(resource: string, object: JsonObject): JsonObject {
  switch (resource) {
    case "pods":
      return object;
    case "podtemplates":
      return within(object, "template");
    case "cronjobs":
      return within(object, "spec", "jobTemplate", "spec", "template");
    default:
      return within(object, "spec", "template");
  }
}

/** All of a pod that is judged here, in one text: the keys in their order. */
function judged(pod: JsonObject): string {
  const all = Object.entries(textsOf(within(pod, "metadata").annotations));
  const ours = all.filter(
    ([key]) => key.startsWith(fairwayPrefix) || knownAnnotations.includes(key),
  );
  const spec = within(pod, "spec");
  const requests = directions.map((each) => resourcesAsWritten(spec, resourceNames[each]));
  return JSON.stringify([ours.toSorted(([one], [other]) => (one < other ? -1 : 1)), requests]);
}

export interface Written {
  resource: string;
  object: JsonObject;
  /** As it was; null where the object is new. */
  before: JsonObject | null;
}

/** null means that nothing is wrong, or that what is wrong was so before, which is in nobody's way. */
export function mistakesIn({ resource, object, before }: Written): string | null {
  const pod = podIn(resource, object);
  if (before !== null && judged(pod) === judged(podIn(resource, before))) return null;
  const decision = mutate(pod, null);
  return decision.kind === "refused" ? decision.words : null;
}
