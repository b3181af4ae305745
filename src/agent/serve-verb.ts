/**
 * Runs one verb in this process, from its beginning to its end and without ever waiting for a promise: a verb
 * changes this thread's network namespace, and holds the ledger's lock.
 */
import type { RefusedPod } from "../cluster/refusals.ts";
import { add } from "../cni/add.ts";
import { attempt, exitCodeOf, isLogged, outputOf, printed, type RunVerb } from "../cni/attempt.ts";
import { checkAttachment } from "../cni/check.ts";
import { del } from "../cni/del.ts";
import { runIpamVerb } from "../cni/ipam-verbs.ts";
import { logEnded } from "../cni/log.ts";
import { runNodeVerb } from "../cni/node-verbs.ts";
import { parseConfig, type RawConfig } from "../cni/request.ts";
import { stdinText } from "../cni/stdin.ts";
import { forgetJournal } from "../journal.ts";
import { forgetTools } from "../kernel/children.ts";
import { Declined, whyNoTool, withBudget } from "../patience.ts";
import { forgetSpans, span } from "../trace.ts";
import type { VerbEnded } from "./answers.ts";
import { declinedFor } from "./decline.ts";
import { heldByOthers, mayBeDoneAgain } from "./held.ts";
import { limitOf } from "./own-limits.ts";
import { pathsIn } from "./paths-in.ts";
import { apartFrom, type Peer } from "./peers.ts";
import { refusedAdd } from "./refused-add.ts";
import type { VerbCall } from "./verb-call.ts";

export type Served =
  | ({ state: "ended"; refused: RefusedPod | null } & VerbEnded)
  /** Nothing was done. */
  | { state: "declined"; why: string; refused?: RefusedPod | null }
  /** Whoever asked was gone before anything was done. */
  | { state: "nobody" };

/** Tells whoever asked that the verb begins. Where that cannot be, the result says what became of it. */
export type Accept = () => Served | null;

/**
 * How long a verb waits in all for locks that others take after it was accepted. It is shorter than what a
 * supervisor allows between two signs of life.
 */
const budgetMs = 2_000;

const runMainVerb: RunVerb = (request) => {
  switch (request.verb) {
    case "ADD":
      return add(request);
    case "DEL":
      return del(request);
    case "CHECK":
      return checkAttachment(request);
    default:
      return runNodeVerb(request);
  }
};

/** null means that there is none that can be read, which the verb tells. */
function configIn(stdin: Uint8Array): RawConfig | null {
  try {
    return parseConfig(stdinText(stdin));
  } catch {
    return null;
  }
}

function inTheWay(call: VerbCall, peer: Peer): string | null {
  const config = configIn(call.stdin);
  return (
    whyNoTool() ??
    declinedFor(call, config) ??
    apartFrom(peer, pathsIn(call, config)) ??
    (config === null ? null : heldByOthers(call, config))
  );
}

function performed(call: VerbCall, startedAtMs: number): Served {
  const { env, isIpam } = call;
  const ended = attempt(env, () => stdinText(call.stdin), isIpam ? runIpamVerb : runMainVerb);
  const refusedFor = (error: unknown, mayStart: boolean): RefusedPod | null =>
    isIpam ? null : refusedAdd(env, configIn(call.stdin), error, mayStart);
  if (!ended.ok && ended.error instanceof Declined) {
    const { message, cause } = ended.error;
    return { state: "declined", why: message, refused: refusedFor(cause, true) };
  }
  const limit = limitOf(ended);
  if (limit !== null && mayBeDoneAgain(call, configIn(call.stdin)))
    return { state: "declined", why: limit };
  const output = outputOf(ended, env);
  const stdout = output === null ? "" : printed(output);
  let stderr = "";
  if (isLogged(ended, isIpam))
    logEnded(ended, { env, durationMs: performance.now() - startedAtMs }, (line) => {
      stderr += line;
    });
  const refused = ended.ok ? null : refusedFor(ended.error, false);
  return { state: "ended", exitCode: exitCodeOf(ended), stdout, stderr, refused };
}

function serve(call: VerbCall, peer: Peer, accept: Accept): Served {
  const startedAtMs = performance.now();
  const why = span("look for what is in the way", () => inTheWay(call, peer));
  if (why !== null) return { state: "declined", why };
  return accept() ?? performed(call, startedAtMs);
}

/** Nothing that one verb has found out is there for the next, except for what the ledger keeps. */
function afresh(verb: () => Served): Served {
  forgetJournal();
  forgetSpans();
  forgetTools();
  return withBudget(budgetMs, verb);
}

/** `accept` is called before the first effect. */
export const serveVerb = (call: VerbCall, peer: Peer, accept: Accept): Served =>
  afresh(() => serve(call, peer, accept));

/** For a verb that nobody has asked for: nothing can be in its way. */
export const playVerb = (call: VerbCall): Served =>
  afresh(() => performed(call, performance.now()));
