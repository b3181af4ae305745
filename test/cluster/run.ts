/** Starts programs beside each other: a test's own work goes on meanwhile. */
import { execa } from "execa";
import { type CommandResult, minimalEnvironment } from "../../src/ops/child.ts";

export interface RunOptions {
  stdin?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}

const usualLimitMs = 60_000;

/** A code other than 0 is a value; null means that it did not end in time. */
export async function run(
  [program = "", ...args]: readonly string[],
  { stdin, env = {}, timeoutMs = usualLimitMs }: RunOptions = {},
): Promise<CommandResult> {
  const done = await execa(program, args, {
    env: { ...minimalEnvironment(), ...env },
    extendEnv: false,
    reject: false,
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    stripFinalNewline: false,
    ...(stdin === undefined ? { stdin: "ignore" } : { input: stdin }),
  });
  if (done.exitCode === undefined && done.signal === undefined) throw done.cause;
  return { code: done.exitCode ?? null, stdout: done.stdout, stderr: done.stderr };
}

/** For a command that must succeed: what it printed. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code === 0) return stdout;
  const end = code === null ? "did not end in time" : `ended with ${code}`;
  throw new Error(`${argv.join(" ")} ${end}: ${stderr}${stdout}`);
}
