/**
 * Starts other programs, for the commands and for `fairway-prove`. Each child gets messages in one language,
 * nothing else of this process's environment, and a time limit. The verbs have kernel/children.ts.
 */

import { effect } from "../effect.ts";

/** What a short command left behind. `code` is null when it was killed at its time limit. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  stdin?: string;
  /** These are added to the minimal environment. */
  env?: Record<string, string>;
  timeoutMs: number;
}

/** Every child gets the folders in which iproute2 is installed. */
export const minimalEnvironment = (): Record<string, string> => ({
  LC_ALL: "C",
  PATH: process.env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
});

/** It is loaded where a child is started, since most commands start none. */
const execa = (): typeof import("execa") => require("execa");

const limited = ({ env, timeoutMs }: CommandOptions) =>
  ({
    env: { ...minimalEnvironment(), ...env },
    extendEnv: false,
    reject: false,
    timeout: timeoutMs,
  }) as const;

/** Runs a short command to its end. Throws where it cannot be started. */
export function runChild(
  [program = "", ...args]: readonly string[],
  options: CommandOptions,
): CommandResult {
  const { stdin } = options;
  const done = execa().execaSync(program, args, {
    ...limited(options),
    ...(stdin === undefined ? { stdin: "ignore" } : { input: stdin }),
    stripFinalNewline: false,
    killSignal: "SIGKILL",
  });
  const { exitCode, signal, stdout, stderr } = done;
  if (exitCode === undefined && signal === undefined) throw done.cause;
  return { code: exitCode ?? null, stdout, stderr };
}

/** The same for a process that does other things meanwhile. */
export async function awaitChild(
  [program = "", ...args]: readonly string[],
  options: Omit<CommandOptions, "stdin">,
): Promise<CommandResult> {
  const done = await execa().execa(program, args, {
    ...limited(options),
    stdin: "ignore",
    stripFinalNewline: false,
    killSignal: "SIGKILL",
  });
  const { exitCode, signal, stdout, stderr } = done;
  if (exitCode === undefined && signal === undefined) throw done.cause;
  return { code: exitCode ?? null, stdout, stderr };
}

/** The same for a command that changes something, or asks what a change depends on. `what` is for the faults. */
export function runEffect(
  what: string,
  argv: readonly string[],
  options: CommandOptions,
): CommandResult {
  const done = effect("child", what, () => runChild(argv, options));
  // A fault of a test has a child's result in the runtime's own form.
  return { code: done.code ?? null, stdout: String(done.stdout), stderr: String(done.stderr) };
}

/** Starts a command whose lines are read as they come. The signal ends it. */
export const startChild = (
  [program = "", ...args]: readonly string[],
  options: CommandOptions & { signal: AbortSignal },
) =>
  execa().execa(program, args, {
    ...limited(options),
    stdin: "pipe",
    buffer: { stdout: false },
    cancelSignal: options.signal,
    forceKillAfterDelay: 500,
  });
