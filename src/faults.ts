/**
 * This is for tests only, and in no other build. The effects of this process are counted, and the k-th fails
 * in the way that was asked for. Environment variables control it; without them nothing fails.
 */
import { SQLiteError } from "bun:sqlite";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { EffectKind } from "./effect-kind.ts";
import { FairwayError } from "./errors.ts";

/** A file to which a line is written for each effect: its kind, a tab, and what it does. */
const logVariable = "FAIRWAY_FAULT_LOG";
/** The number of the effect that fails, counted from 1. */
const atVariable = "FAIRWAY_FAULT_AT";
const asVariable = "FAIRWAY_FAULT_AS";
/**
 * For a process that serves many verbs: a file with the other three variables as JSON, which are for its next
 * verb alone. The process takes the file away, and writes the effect that failed into a file `.struck` beside
 * it.
 */
const nextVariable = "FAIRWAY_FAULT_NEXT";

/** How the k-th effect goes wrong. */
export type Fault =
  /** For any kind: SIGKILL before the effect, or after it. */
  | "kill-before"
  | "kill-after"
  /** ledger: the disk is full. */
  | "full"
  /** ledger: others hold the lock for as long as we wait. */
  | "busy"
  /** ledger: the disk fails. */
  | "io-error"
  /**
   * kernel: the effect is refused. With -for-good all effects that come after it are refused, too, so nothing
   * can be rolled back.
   */
  | "refused"
  | "refused-for-good"
  /** kernel: the effect is done, but the answer never comes. */
  | "unanswered"
  /** look: there is no answer. */
  | "no-answer"
  /** child: it cannot be started. */
  | "no-process"
  /**
   * child: it is done, and then ended by a signal, or at its time limit. A child that is not waited for is
   * ended by a signal, or stopped, as soon as it is started.
   */
  | "signal"
  | "timeout"
  | "no-space";

const next = process.env[nextVariable];

let at = 0;
let fault: Fault | undefined;
let log: string | undefined;
let count = 0;
let isCounting = next === undefined;

function begin(variables: Readonly<Record<string, string | undefined>>): void {
  at = Number(variables[atVariable] ?? 0);
  fault = variables[asVariable] as Fault | undefined;
  log = variables[logVariable];
  count = 0;
}

begin(process.env);

/** Of several who take it, only one gets it. */
function takenFrom(file: string): Record<string, string> {
  try {
    const text = readFileSync(file, "utf8");
    rmSync(file);
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return {};
  }
}

export function effectsOfVerb<T>(verb: () => T): T {
  if (next === undefined) return verb();
  begin(takenFrom(next));
  isCounting = true;
  try {
    return verb();
  } finally {
    isCounting = false;
    begin({});
  }
}

/** Effects inside `act` are not counted. */
export function uncounted<T>(act: () => T): T {
  const before = isCounting;
  isCounting = false;
  try {
    return act();
  } finally {
    isCounting = before;
  }
}

/** Counts the effect, and returns whether it is the one that fails. */
function counted(kind: EffectKind, what: string): boolean {
  if (!isCounting) return false;
  count += 1;
  if (log !== undefined) appendFileSync(log, `${kind}\t${what.replaceAll(/\s+/g, " ").trim()}\n`);
  if (count === at && next !== undefined) writeFileSync(`${next}.struck`, `${kind}\t${what}`);
  return count === at;
}

const isRefusedForGood = (kind: EffectKind): boolean =>
  kind === "kernel" && fault === "refused-for-good" && count > at && at > 0;

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;) Bun.sleepSync(1000);
}

function sqliteError(code: string, message: string): Error {
  // SQLiteError's constructor cannot be called, so the error is recognised by its name.
  return Object.assign(new Error(message), { name: SQLiteError.name, code });
}

const systemError = (code: string, message: string, what: string): Error =>
  Object.assign(new Error(`${code}: ${message}, ${what}`), { code, syscall: what });

const noAnswer = (): FairwayError =>
  new FairwayError("tryAgain", "the kernel gave no answer for 5 s", "try again");

/** What Bun.spawn returns for a child that is running. null means that the value came from Bun.spawnSync. */
function atWork(child: unknown): { kill(signal: NodeJS.Signals): void } | null {
  return typeof child === "object" && child !== null && "kill" in child
    ? (child as { kill(signal: NodeJS.Signals): void })
    : null;
}

/** What Bun.spawnSync returns for a child that did not end by itself. */
const ended = (timedOut: boolean): unknown => ({
  success: false,
  exitCode: null,
  signalCode: "SIGKILL",
  exitedDueToTimeout: timedOut ? true : undefined,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
});

const kindOf: Record<Exclude<Fault, "kill-before" | "kill-after">, EffectKind> = {
  full: "ledger",
  busy: "ledger",
  "io-error": "ledger",
  refused: "kernel",
  "refused-for-good": "kernel",
  unanswered: "kernel",
  "no-answer": "look",
  "no-process": "child",
  signal: "child",
  timeout: "child",
  "no-space": "file",
};

/**
 * Throws if the fault does not fit the effect: a run whose effects differ from those that were written down
 * proves nothing.
 */
function requireFit(kind: EffectKind, what: string): void {
  if (fault === undefined || fault === "kill-before" || fault === "kill-after") return;
  if (kindOf[fault] !== kind) throw new Error(`${fault} is no fault of ${kind} (${what})`);
}

function failed<T>(what: string, act: () => T): T {
  switch (fault) {
    case "kill-before":
      die();
      break;
    case "kill-after":
      act();
      die();
      break;
    case "full":
      throw sqliteError("SQLITE_FULL", "database or disk is full");
    case "busy":
      throw sqliteError("SQLITE_BUSY", "database is locked");
    case "io-error":
      throw sqliteError("SQLITE_IOERR_FSYNC", "disk I/O error");
    case "refused":
    case "refused-for-good":
      throw systemError("EPERM", "operation not permitted", what);
    case "unanswered":
      act();
      throw noAnswer();
    case "no-answer":
      throw noAnswer();
    case "no-process":
      throw systemError("EAGAIN", "resource temporarily unavailable", `posix_spawn '${what}'`);
    case "signal":
    case "timeout": {
      const child = act();
      const isTimeout = fault === "timeout";
      const running = atWork(child);
      if (running === null) return ended(isTimeout) as T;
      running.kill(isTimeout ? "SIGSTOP" : "SIGKILL");
      return child;
    }
    case "no-space":
      throw systemError("ENOSPC", "no space left on device", what);
    case undefined:
      return act();
  }
}

export function faultyEffect<T>(kind: EffectKind, what: string, act: () => T): T {
  if (counted(kind, what)) {
    requireFit(kind, what);
    return failed(what, act);
  }
  if (isRefusedForGood(kind)) throw systemError("EPERM", "operation not permitted", what);
  return act();
}

/** No tool knows a line like that. */
const spoilt = (line: string): string => `spoilt ${line}`;

export function faultyEffects<T>(kind: EffectKind, what: string[], act: (what: string[]) => T): T {
  const first = count + 1;
  for (const each of what) counted(kind, each);
  const index = at - first;
  if (index >= 0 && index < what.length) {
    requireFit(kind, what[index] ?? "");
    if (fault === "unanswered") {
      act(what.slice(0, index + 1));
      throw noAnswer();
    }
    const before = what.slice(0, fault === "kill-after" ? index + 1 : index);
    if (fault === "kill-before" || fault === "kill-after") {
      if (before.length > 0) act(before);
      die();
    }
  }
  const isSpoilt = (i: number): boolean =>
    i === index || (i > index && at > 0 && fault === "refused-for-good");
  const isRefused = fault === "refused" || fault === "refused-for-good";
  return act(isRefused ? what.map((line, i) => (isSpoilt(i) ? spoilt(line) : line)) : what);
}
