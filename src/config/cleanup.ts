/** What a verb that cleans up takes from a configuration, whatever else is wrong with it. */
import { defaults } from "./defaults.ts";
import { delegateIn, isPluginName } from "./delegate.ts";
import { configObject, parseName, parseVersion } from "./identity.ts";
import { logLevelOf } from "./log-level.ts";
import { isAbsolutePath } from "./paths.ts";
import type { JsonObject } from "./section.ts";
import type { CleanupConfig } from "./types.ts";

/** Every ADD refuses a name that is a path, so such a plugin gave no address. */
function cleanupDelegate(root: JsonObject): string | null {
  const delegate = delegateIn(root);
  return delegate === null || isPluginName(delegate) ? delegate : null;
}

/**
 * What DEL needs. It has to succeed with a configuration that is not fit for ADD, so what is not needed
 * is not looked at, and what cannot be used falls back to the default.
 * @throws FairwayError decode, badConfig (the name), incompatibleVersion.
 */
export function parseCleanupConfig(raw: unknown): CleanupConfig {
  const root = configObject(raw);
  const name = parseName(root);
  const cniVersion = parseVersion(root);
  const path = (value: unknown) =>
    typeof value === "string" && isAbsolutePath(value) ? value : undefined;
  const { dataDir, logFile, logLevel } = root;
  return {
    cniVersion,
    name,
    dataDir: path(dataDir) ?? defaults.dataDir,
    log: {
      file: path(logFile) ?? defaults.log.file,
      level: logLevelOf(typeof logLevel === "string" ? logLevel : undefined),
    },
    delegate: cleanupDelegate(root),
  };
}
