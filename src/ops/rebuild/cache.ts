/** Reads of what a runtime keeps of its ADDs what concerns a ledger. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type PrevResult, readPrevResult } from "../../cni/prev-result.ts";
import type { RawConfig } from "../../cni/request.ts";
import { defaults } from "../../config/defaults.ts";
import { parseVersion } from "../../config/identity.ts";
import { ipamPluginName } from "../../config/plugin-name.ts";
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError, orFail } from "../../errors.ts";
import type { AttachmentKey } from "../../plan/node.ts";
import { argsIn, declaredBy, objectOf, recordIn } from "../libcni-cache.ts";

export interface CachedAdd extends AttachmentKey {
  file: string;
  writtenAtMs: number;
  /** Says whether the pod is ours ("main"), or another plugin's with an address of ours ("ipam"). */
  role: "main" | "ipam";
  /** Our plugin's configuration, as an ADD gets it. */
  raw: RawConfig;
  args: Record<string, string>;
  result: PrevResult;
}

function ownPlugin(list: JsonObject): { plugin: JsonObject; role: CachedAdd["role"] } | null {
  const plugins = (Array.isArray(list.plugins) ? list.plugins : [list]).filter(isObject);
  const main = plugins.find(({ type }) => type === "fairway");
  if (main !== undefined) return { plugin: main, role: "main" };
  const other = plugins.find(({ ipam }) => objectOf(ipam).type === ipamPluginName);
  return other === undefined ? null : { plugin: other, role: "ipam" };
}

/**
 * null means that it is not of an attachment that concerns this ledger. Throws where the text cannot be read.
 */
export function readCached(
  text: string,
  dataDir: string,
): Omit<CachedAdd, "file" | "writtenAtMs"> | null {
  const cached = recordIn(text);
  const { containerId, ifName, networkName, config } = cached;
  if (typeof config !== "string" || typeof containerId !== "string" || typeof ifName !== "string")
    throw new FairwayError("decode", "it lacks the configuration, the container or the interface");
  const list: unknown = JSON.parse(Buffer.from(config, "base64").toString("utf8"));
  const own = ownPlugin(objectOf(list));
  if (own === null) return null;
  const { plugin, role } = own;
  const given = role === "main" ? plugin.dataDir : objectOf(plugin.ipam).dataDir;
  if ((given ?? defaults.dataDir) !== dataDir) return null;
  const { name, cniVersion } = objectOf(list);
  const network = typeof networkName === "string" ? networkName : String(name);
  const raw = {
    ...plugin,
    name: network,
    cniVersion,
    runtimeConfig: declaredBy(plugin, objectOf(cached.capabilityArgs)),
  };
  const result = objectOf(cached.result);
  return {
    network,
    containerId,
    ifname: ifName,
    role,
    raw,
    args: argsIn(cached),
    result: readPrevResult(result, parseVersion({ cniVersion: result.cniVersion })),
  };
}

/** Throws io, and decode for a file that cannot be read, since it may be of a pod that lives. */
export function readRuntimeCache(dir: string, dataDir: string): CachedAdd[] {
  const names = orFail(
    "io",
    `the runtime's records in ${dir} cannot be read`,
    "give their folder with --cache-dir; with --kernel-only nothing but the kernel is asked: what it tells is no names of pods, and nothing of addresses that fairway-ipam gave to other plugins' pods",
    () => readdirSync(dir).sort(),
  );
  return names.flatMap((name) => {
    const file = join(dir, name);
    return orFail(
      "decode",
      `${file} cannot be read as a record of the runtime's`,
      "nothing was changed, since it may be of a pod that lives: move it away if its container is gone",
      () => {
        const stat = statSync(file);
        if (!stat.isFile()) return [];
        const cached = readCached(readFileSync(file, "utf8"), dataDir);
        return cached === null ? [] : [{ ...cached, file, writtenAtMs: stat.mtimeMs }];
      },
    );
  });
}
