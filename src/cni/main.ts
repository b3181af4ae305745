/** Runs one verb, from the environment and stdin to stdout, the exit code and a log line. */
import { writeSync } from "node:fs";
import { effect } from "../effect.ts";
import { messageOf } from "../errors.ts";
import { endNow } from "../node/facts/open.ts";
import { span } from "../trace.ts";
import { errorResult } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import { messageAbout } from "./pod-name.ts";
import { answerVersion, type Request, readRequest } from "./request.ts";
import type { Json } from "./result.ts";
import { readStdin } from "./stdin.ts";

/** Prints all of it: a pipe may take less than is given at once. */
function print(output: Json): void {
  effect("file", "print the answer", () => {
    let rest = Buffer.from(`${JSON.stringify(output, null, 2)}\n`);
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  });
}

/** Throws FairwayError. */
type RunVerb = (request: Request) => Outcome;

type Ended = { ok: true; outcome: Outcome } | { ok: false; error: unknown; stdin: string };

function attempt(env: NodeJS.ProcessEnv, runVerb: RunVerb): Ended {
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

/** `isIpam` means that this is an IPAM plugin for others. The process ends with this call. */
export async function cniMain(runVerb: RunVerb, isIpam = false): Promise<void> {
  const code = await answer(process.env, runVerb, isIpam);
  endNow(code);
  process.exitCode = code;
}

/** Returns the exit code. */
async function answer(env: NodeJS.ProcessEnv, runVerb: RunVerb, isIpam: boolean): Promise<number> {
  const startedAtMs = performance.now();
  const ended = attempt(env, runVerb);
  const output = ended.ok
    ? ended.outcome.output
    : errorResult(answerVersion(ended.stdin), ended.error, messageAbout(ended.error, env));
  try {
    if (output !== null) print(output);
  } catch (error) {
    // Whoever asked does not listen any more; a runtime takes that for a failure, and calls DEL.
    process.stderr.write(`fairway: the answer could not be printed: ${messageOf(error)}\n`);
    return 1;
  }
  if (ended.ok && ended.outcome.log === null) return 0;
  // The caller has the error and logs it. Only a main plugin's configuration says where to.
  if (isIpam) return ended.ok ? 0 : 1;
  // The log comes after the answer: the runtime has what it waits for, and loading the log takes time.
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
