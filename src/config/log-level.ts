import { defaults } from "./defaults.ts";
import type { LogConfig } from "./types.ts";

const logLevels: readonly LogConfig["level"][] = ["debug", "info", "warn", "error", "silent"];

/** The default stands for a text that is no level, and where none is given. */
export function logLevelOf(text: string | undefined): LogConfig["level"] {
  return logLevels.find((level) => level === text) ?? defaults.log.level;
}
