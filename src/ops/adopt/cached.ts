/** Reads from libcni's cache what pods a network has that were added before Fairway stood in its chain. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError, orFail } from "../../errors.ts";
import { argsIn, objectOf, recordIn } from "../libcni-cache.ts";

export interface CachedPod {
  containerId: string;
  ifname: string;
  netns: string;
  args: Record<string, string>;
  /** What the runtime offered to plugins, whether one asked for it or not. */
  offered: JsonObject;
  /** What the whole chain returned. */
  result: JsonObject;
}

/** libcni before 1.2 did not keep the path: the result names it as the sandbox of the pod's interface. */
function netnsOf(cached: JsonObject, result: JsonObject): string | null {
  if (typeof cached.netns === "string" && cached.netns !== "") return cached.netns;
  const interfaces = Array.isArray(result.interfaces) ? result.interfaces.filter(isObject) : [];
  const own = interfaces.find(
    ({ name, sandbox }) => name === cached.ifName && typeof sandbox === "string" && sandbox !== "",
  );
  return own === undefined ? null : String(own.sandbox);
}

/** null means that it is of another network. Throws decode, and what JSON.parse throws. */
export function cachedPod(text: string, network: string): CachedPod | null {
  const cached = recordIn(text);
  const { containerId, ifName, networkName } = cached;
  if (networkName !== network) return null;
  if (typeof containerId !== "string" || typeof ifName !== "string")
    throw new FairwayError("decode", "it lacks the container or the interface");
  const result = objectOf(cached.result);
  const netns = netnsOf(cached, result);
  if (netns === null) throw new FairwayError("decode", "it does not tell the pod's namespace");
  return {
    ...{ containerId, ifname: ifName, netns, result },
    args: argsIn(cached),
    offered: objectOf(cached.capabilityArgs),
  };
}

export interface CachedPods {
  pods: CachedPod[];
  /** Files that cannot be read, in words: whose they are is not known. */
  unreadable: string[];
}

function read(file: string, network: string): CachedPods {
  try {
    if (!statSync(file).isFile()) return { pods: [], unreadable: [] };
    const pod = cachedPod(readFileSync(file, "utf8"), network);
    return { pods: pod === null ? [] : [pod], unreadable: [] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { pods: [], unreadable: [`${file}: ${error.message}`] };
  }
}

/** Throws io. */
export function readCachedPods(dir: string, network: string): CachedPods {
  const names = orFail(
    "io",
    `the runtime's records in ${dir} cannot be read`,
    "give their folder with --cache-dir: containerd and CRI-O keep there what each ADD returned",
    () => readdirSync(dir).sort(),
  );
  const all = names.map((name) => read(join(dir, name), network));
  return {
    pods: all.flatMap(({ pods }) => pods),
    unreadable: all.flatMap(({ unreadable }) => unreadable),
  };
}
