/** The paths that a verb's request names: whoever asks and whoever serves have to mean the same. Pure. */
import type { RawConfig } from "../cni/request.ts";
import { defaults } from "../config/defaults.ts";
import { isAbsolutePath } from "../config/paths.ts";
import { isObject } from "../config/section.ts";
import { folderOf } from "../paths.ts";
import type { VerbCall } from "./verb-call.ts";

const isPath = (value: unknown): value is string =>
  typeof value === "string" && isAbsolutePath(value);

export function pathsIn({ env, isIpam }: VerbCall, config: RawConfig | null): string[] {
  const { dataDir, logFile } = config ?? {};
  const ipam = isObject(config?.ipam) ? config.ipam : {};
  const ledger = isIpam ? ipam.dataDir : dataDir;
  const netns = env.CNI_NETNS ?? "";
  return [
    ...(netns === "" ? [] : [netns]),
    isPath(ledger) ? ledger : defaults.dataDir,
    // The log need not be there yet.
    ...(isPath(logFile) ? [folderOf(logFile)] : []),
    ...(isPath(ipam.resolvConf) ? [ipam.resolvConf] : []),
  ];
}
