/** Runs one verb, from the environment and stdin to stdout, the exit code and a log line. */
import { writeSync } from "node:fs";
import { effect } from "../effect.ts";
import { messageOf } from "../errors.ts";
import { endNow, ledgerFolder } from "../node/facts/open.ts";
import { attempt, exitCodeOf, isLogged, outputOf, printed, type RunVerb } from "./attempt.ts";
import { recordFellBack } from "./fell-back.ts";
import type { Json } from "./result.ts";
import { readStdin } from "./stdin.ts";

/** Prints all of it: a pipe may take less than is given at once. */
function print(output: Json): void {
  effect("file", "print the answer", () => {
    let rest = Buffer.from(printed(output));
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  });
}

/** `isIpam` means that this is an IPAM plugin for others. The process ends with this call. */
export async function cniMain(runVerb: RunVerb, isIpam = false): Promise<void> {
  const code = await answer(process.env, runVerb, isIpam);
  recordFellBack(ledgerFolder(), process.env, performance.now());
  endNow(code);
  process.exitCode = code;
}

/** Returns the exit code. */
async function answer(env: NodeJS.ProcessEnv, runVerb: RunVerb, isIpam: boolean): Promise<number> {
  const startedAtMs = performance.now();
  const ended = attempt(env, readStdin, runVerb);
  const output = outputOf(ended, env);
  try {
    if (output !== null) print(output);
  } catch (error) {
    // Whoever asked does not listen any more; a runtime takes that for a failure, and calls DEL.
    process.stderr.write(`fairway: the answer could not be printed: ${messageOf(error)}\n`);
    return 1;
  }
  if (isLogged(ended, isIpam)) {
    // The log comes after the answer: the runtime has what it waits for, and loading the log takes time.
    const { logEnded } = await import("./log.ts");
    logEnded(ended, { env, durationMs: performance.now() - startedAtMs });
  }
  return exitCodeOf(ended);
}
