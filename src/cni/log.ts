/**
 * A line per verb: what was asked for which attachment, how it ended, how long it took. At debug, before
 * it, a line for each change of the kernel that was tried, and the kernel's answer. Never on stdout.
 */
import { writeSync } from "node:fs";
import pino from "pino";
import { defaults } from "../config/defaults.ts";
import { parseCleanupConfig } from "../config/parse.ts";
import type { LogConfig } from "../config/types.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { journal } from "../kernel/journal.ts";
import { spans } from "../trace.ts";
import { bounded, maxDetailsLength, maxMsgLength } from "./errors.ts";
import { openLineSink } from "./log-file.ts";
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

/** A log that cannot be written never fails a pod. */
export function logVerb(entry: VerbLog): void {
  try {
    write(entry);
  } catch (error) {
    tellOnStderr(`fairway: no log line could be written: ${messageOf(error)}\n`);
  }
}

function tellOnStderr(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody listens there, either.
  }
}

/** A variable may have 128 KiB. */
const shown = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : bounded(text, maxMsgLength);

function write({ settings, durationMs, env, facts, error }: VerbLog): void {
  if (settings.level === "silent") return;
  using sink = openLineSink(settings.file);
  // No host name: whoever collects logs knows where they come from.
  const log = pino({ level: settings.level, base: { pid: process.pid } }, sink);
  const whose = {
    verb: shown(env.CNI_COMMAND),
    containerId: shown(env.CNI_CONTAINERID),
    ifname: shown(env.CNI_IFNAME),
  };
  const { entries, dropped } = journal();
  for (const step of entries) log.debug({ ...whose, ...step }, "step");
  if (dropped > 0) log.debug({ ...whose, dropped }, "more steps than are kept");
  for (const each of spans()) log.info({ ...whose, ...each }, "span");
  const line = {
    ...whose,
    netns: shown(env.CNI_NETNS),
    durationMs: Math.round(durationMs * 10) / 10,
    ...facts,
  };
  if (error === null) log.info({ ...line, outcome: "done" }, "done");
  else {
    const code = error instanceof FairwayError ? error.code : undefined;
    const details = error instanceof FairwayError ? error.details : undefined;
    const told = details === undefined ? undefined : bounded(details, maxDetailsLength);
    const failed = { ...line, outcome: "failed", code, details: told };
    log.error(failed, bounded(messageOf(error), maxMsgLength));
  }
}
