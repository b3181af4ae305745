/** A line per verb: what was asked for which attachment, how it ended, how long it took. Never on stdout. */
import { closeSync, openSync } from "node:fs";
import pino from "pino";
import { defaults } from "../config/defaults.ts";
import { parseCleanupConfig } from "../config/parse.ts";
import type { LogConfig } from "../config/types.ts";
import { effect } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { parseConfig } from "./request.ts";

export interface VerbLog {
  settings: LogConfig;
  durationMs: number;
  env: Record<string, string | undefined>;
  facts: Record<string, unknown>;
  /** null: it succeeded. */
  error: unknown;
}

/** As far as a configuration that was refused can be read. */
export function logSettings(stdin: string): LogConfig {
  try {
    return parseCleanupConfig(parseConfig(stdin)).log;
  } catch {
    return defaults.log;
  }
}

const stderr = 2;
/** rw for the owner only: pod names are in it. */
const fileMode = 0o600;

/** A log that cannot be written never fails a pod. */
export function logVerb(entry: VerbLog): void {
  try {
    write(entry);
  } catch (error) {
    process.stderr.write(`fairway: no log line could be written: ${messageOf(error)}\n`);
  }
}

function write({ settings, durationMs, env, facts, error }: VerbLog): void {
  const { file } = settings;
  const dest =
    file === null ? stderr : effect("file", "open the log", () => openSync(file, "a", fileMode));
  // No host name: whoever collects logs knows where they come from.
  const log = pino(
    { level: settings.level, base: { pid: process.pid } },
    pino.destination({ dest, sync: true }),
  );
  const line = {
    verb: env.CNI_COMMAND,
    containerId: env.CNI_CONTAINERID,
    ifname: env.CNI_IFNAME,
    netns: env.CNI_NETNS,
    durationMs: Math.round(durationMs * 10) / 10,
    ...facts,
  };
  if (error === null) log.info({ ...line, outcome: "done" }, "done");
  else {
    const code = error instanceof FairwayError ? error.code : undefined;
    const details = error instanceof FairwayError ? error.details : undefined;
    log.error({ ...line, outcome: "failed", code, details }, messageOf(error));
  }
  log.flush();
  if (dest !== stderr) closeSync(dest);
}
