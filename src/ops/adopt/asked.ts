/** What an ADD behind the chain would have been asked for a pod that is there already. Pure. */
import type { PodRequest, RawConfig } from "../../cni/request.ts";
import type { JsonObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import { declaredBy, objectOf } from "../libcni-cache.ts";
import type { CachedPod } from "./cached.ts";

/** Our plugin as it stands in the chain, and the network's name. */
export interface Standing {
  network: string;
  plugin: JsonObject;
}

const annotationsKey = "io.kubernetes.cri.pod-annotations";

/** By sandbox, as the runtime tells them; null means that it was not asked. */
export type KnownAnnotations = ReadonlyMap<string, Record<string, string>> | null;

/** libcni passes on what the plugin declares. What the runtime tells of now goes before what it told then. */
function runtimeConfigOf(
  { containerId, offered }: CachedPod,
  plugin: JsonObject,
  known: KnownAnnotations,
): JsonObject {
  const asked = declaredBy(plugin, offered);
  if (objectOf(plugin.capabilities)[annotationsKey] !== true) return asked;
  const annotations = known?.get(containerId);
  if (annotations !== undefined) return { ...asked, [annotationsKey]: annotations };
  if (asked[annotationsKey] !== undefined) return asked;
  throw new FairwayError(
    "unavailable",
    known === null
      ? "what its annotations ask for is not in the runtime's records"
      : "the runtime lists no such sandbox",
    known === null
      ? "give --cri with the runtime's socket, which tells them; or recreate the pod"
      : "if it is no pod of that runtime's, leave --cri out",
  );
}

/** Throws unavailable where the pod's annotations are not known. */
export function requestFor(
  pod: CachedPod,
  { network, plugin }: Standing,
  known: KnownAnnotations,
): PodRequest {
  const config: RawConfig = {
    ...plugin,
    name: network,
    // A plugin of the chain gets the result before it in the version of the list.
    cniVersion: pod.result.cniVersion,
    runtimeConfig: runtimeConfigOf(pod, plugin, known),
    prevResult: pod.result,
  };
  const { containerId, ifname, netns, args } = pod;
  return {
    ...{ verb: "ADD", containerId, ifname, netns, args, path: [], netnsOverride: false },
    ...{ config, stdin: JSON.stringify(config) },
  };
}
