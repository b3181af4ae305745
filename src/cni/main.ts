/** One verb, from the environment and stdin to stdout, the exit code and a log line. */
import { writeSync } from "node:fs";
import { errorResult } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import { answerVersion, readRequest } from "./request.ts";
import type { Json } from "./result.ts";
import { readStdin } from "./stdin.ts";
import { runVerb } from "./verbs.ts";

/** All of it: a pipe may take less than is given. */
function print(output: Json): void {
  let rest = Buffer.from(`${JSON.stringify(output, null, 2)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
}

type Ended = { ok: true; outcome: Outcome } | { ok: false; error: unknown; stdin: string };

function attempt(env: NodeJS.ProcessEnv): Ended {
  let stdin = "";
  try {
    stdin = readStdin();
  } catch (error) {
    // VERSION is answered whatever stdin holds.
    if (env.CNI_COMMAND !== "VERSION") return { ok: false, error, stdin };
  }
  try {
    return { ok: true, outcome: runVerb(readRequest(env, stdin)) };
  } catch (error) {
    return { ok: false, error, stdin };
  }
}

/** The exit code. */
export async function cniMain(env: NodeJS.ProcessEnv): Promise<number> {
  const startedAtMs = performance.now();
  const ended = attempt(env);
  if (!ended.ok) print(errorResult(answerVersion(ended.stdin), ended.error));
  else if (ended.outcome.output !== null) print(ended.outcome.output);
  if (ended.ok && ended.outcome.log === null) return 0;
  // After the answer: the runtime has what it waits for, and a log costs loading.
  const { logSettings, logVerb } = await import("./log.ts");
  logVerb({
    settings: ended.ok ? (ended.outcome.log ?? logSettings("")) : logSettings(ended.stdin),
    durationMs: performance.now() - startedAtMs,
    env,
    facts: ended.ok ? ended.outcome.facts : {},
    error: ended.ok ? null : ended.error,
  });
  return ended.ok ? 0 : 1;
}
