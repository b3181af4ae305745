/**
 * Writes a line for each verb: what was asked for which attachment, how it ended, and how long it took. At
 * debug, before it, there is a line for each change of the kernel that was tried, with the kernel's answer.
 * Nothing goes to stdout.
 */
import { parseCleanupConfig } from "../config/cleanup.ts";
import { defaults } from "../config/defaults.ts";
import type { LogConfig } from "../config/types.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { journal } from "../journal.ts";
import { shellLine } from "../plan/render.ts";
import type { Tell } from "../tell.ts";
import { spans } from "../trace.ts";
import type { Ended } from "./attempt.ts";
import { bounded, maxDetailsLength, maxMsgLength } from "./errors.ts";
import { fellBackVariable } from "./fell-back.ts";
import { type LineSink, openLineSink, ownStderr, type Stderr } from "./log-file.ts";
import { messageAbout, podNameIn } from "./pod-name.ts";
import { parseConfig } from "./request.ts";

/** Whose verb it was, and how long it took. */
interface Run {
  durationMs: number;
  env: Record<string, string | undefined>;
}

interface VerbLog extends Run {
  settings: LogConfig;
  facts: Record<string, unknown>;
  /** null means that the verb succeeded. */
  error: unknown;
}

/** The settings of the log, as far as a configuration that was refused can be read. */
function logSettings(stdin: string): LogConfig {
  try {
    return parseCleanupConfig(parseConfig(stdin)).log;
  } catch {
    return defaults.log;
  }
}

/** A log that cannot be written never fails a pod. `stderr` takes what goes to no file. */
export function logEnded(ended: Ended, run: Run, stderr: Stderr = ownStderr): void {
  try {
    write(entryOf(ended, run), stderr);
  } catch (error) {
    try {
      stderr(`fairway: no log line could be written: ${messageOf(error)}\n`);
    } catch {
      // Nobody listens there, either.
    }
  }
}

function entryOf(ended: Ended, run: Run): VerbLog {
  if (!ended.ok)
    return { ...run, settings: logSettings(ended.stdin), facts: {}, error: ended.error };
  const { log, facts } = ended.outcome;
  return { ...run, settings: log ?? logSettings(""), facts, error: null };
}

/** Bounds the text, since a variable may have 128 KiB. */
const shown = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : bounded(text, maxMsgLength);

type Fields = Record<string, unknown>;

/** pino's numbers for its levels. */
const levelNumbers = { info: 30, error: 50 } as const;

/**
 * A line as pino writes it, but without loading pino: a verb writes one line, and whoever runs the plugin
 * waits until that is done. It has the same fields in the same order; a test compares the two.
 */
export function plainLine(level: keyof typeof levelNumbers, fields: Fields, msg: string): string {
  const head = { level: levelNumbers[level], time: Date.now(), pid: process.pid };
  return `${JSON.stringify({ ...head, ...fields, msg })}\n`;
}

/** To this process's stderr, at once: the process may end right after it. */
export const tell: Tell = (level, msg, fields = {}) => {
  try {
    ownStderr(plainLine(level, fields, msg));
  } catch {
    // Nobody reads it.
  }
};

/** Writes what was tried, and where the time went. These are many lines, for those who ask for them. */
function writeSteps(level: "debug" | "info", whose: Fields, sink: LineSink): void {
  const { pino } = require("pino") as typeof import("pino");
  // There is no host name: whoever collects logs knows where they come from.
  const log = pino({ level, base: { pid: process.pid } }, sink);
  const { entries, dropped } = journal();
  for (const { line, ...rest } of entries)
    log.debug({ ...whose, command: shellLine(line), ...rest }, "step");
  if (dropped > 0) log.debug({ ...whose, dropped }, "more steps than are kept");
  for (const each of spans()) log.info({ ...whose, ...each }, "span");
}

function write(entry: VerbLog, stderr: Stderr): void {
  const { settings, durationMs, env, facts, error } = entry;
  const { level, file } = settings;
  const isVerbose = level === "debug" || level === "info";
  if (level === "silent" || (error === null && !isVerbose)) return;
  using sink = openLineSink(file, stderr);
  const { podNamespace, podName } = podNameIn(env);
  const whose = {
    verb: shown(env.CNI_COMMAND),
    containerId: shown(env.CNI_CONTAINERID),
    ifname: shown(env.CNI_IFNAME),
    podNamespace: podNamespace ?? undefined,
    podName: podName ?? undefined,
  };
  if (isVerbose && (level === "debug" || spans().length > 0)) writeSteps(level, whose, sink);
  const line = {
    ...whose,
    netns: shown(env.CNI_NETNS),
    durationMs: Math.round(durationMs * 10) / 10,
    fellBack: shown(env[fellBackVariable]),
    ...facts,
  };
  if (error === null) sink.write(plainLine("info", { ...line, outcome: "done" }, "done"));
  else {
    const code = error instanceof FairwayError ? error.code : undefined;
    const details = error instanceof FairwayError ? error.details : undefined;
    const told = details === undefined ? undefined : bounded(details, maxDetailsLength);
    const failed = { ...line, outcome: "failed", code, details: told };
    sink.write(plainLine("error", failed, bounded(messageAbout(error, env), maxMsgLength)));
  }
}
