/**
 * Runs one verb with an environment and a stdin that are given, and prints nothing. So a process that serves
 * many verbs runs them as a process of a verb's own does (main.ts).
 */
import { span } from "../trace.ts";
import type { ProcessEnvironment } from "./environment.ts";
import { errorResult } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import { messageAbout } from "./pod-name.ts";
import { answerVersion, type Request, readRequest } from "./request.ts";
import type { Json } from "./result.ts";

/** Throws FairwayError. */
export type RunVerb = (request: Request) => Outcome;

/** How a verb ended. `stdin` is what could be read of it. */
export type Ended = { ok: true; outcome: Outcome } | { ok: false; error: unknown; stdin: string };

/** `readStdin` throws FairwayError where there is nothing to read. */
export function attempt(env: ProcessEnvironment, readStdin: () => string, runVerb: RunVerb): Ended {
  let stdin = "";
  try {
    stdin = span("read stdin", readStdin);
  } catch (error) {
    // VERSION is answered whatever stdin holds.
    if (env.CNI_COMMAND !== "VERSION") return { ok: false, error, stdin };
  }
  try {
    const request = span("parse request", () => readRequest(env, stdin));
    return { ok: true, outcome: span(request.verb, () => runVerb(request)) };
  } catch (error) {
    return { ok: false, error, stdin };
  }
}

/** What the verb prints; null means nothing. */
export function outputOf(ended: Ended, env: ProcessEnvironment): Json | null {
  return ended.ok
    ? ended.outcome.output
    : errorResult(answerVersion(ended.stdin), ended.error, messageAbout(ended.error, env));
}

export const printed = (output: Json): string => `${JSON.stringify(output, null, 2)}\n`;

/**
 * Whether the verb has a log line. The caller of an IPAM plugin has the error and logs it. Only a main
 * plugin's configuration says where to.
 */
export const isLogged = (ended: Ended, isIpam: boolean): boolean =>
  !isIpam && (!ended.ok || ended.outcome.log !== null);

export const exitCodeOf = (ended: Ended): 0 | 1 => (ended.ok ? 0 : 1);
