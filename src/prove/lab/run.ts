import { FairwayError } from "../../errors.ts";

/** What a short command left behind. `code` is null when it was killed at its time limit. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  stdin?: string;
  /** These are added to the minimal environment; nothing else of the caller's is inherited. */
  env?: Record<string, string>;
  /** The default is 30 s; no command of a lab needs more. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Every command gets messages in one language, and the folders in which iproute2 is installed. */
export function minimalEnvironment(): Record<string, string> {
  return {
    LC_ALL: "C",
    PATH: process.env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  };
}

/**
 * Runs one short command to its end. A non-zero code is a value, not an error.
 * @throws FairwayError missingTool where the program is not there.
 */
export function run(argv: readonly string[], options: CommandOptions = {}): CommandResult {
  const [program] = argv;
  if (program === undefined) {
    throw new FairwayError("io", "asked to run an empty command", "this is a defect of Fairway");
  }
  if (Bun.which(program, { PATH: minimalEnvironment().PATH ?? "" }) === null) {
    throw new FairwayError(
      "missingTool",
      `${program} is in no folder of PATH`,
      "install iproute2 (ip and tc)",
    );
  }
  const child = Bun.spawnSync([...argv], {
    stdin: options.stdin === undefined ? "ignore" : new TextEncoder().encode(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...minimalEnvironment(), ...options.env },
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return {
    code: child.exitedDueToTimeout ? null : child.exitCode,
    stdout: child.stdout.toString(),
    stderr: child.stderr.toString(),
  };
}

/**
 * Runs a command that must succeed; returns its standard output.
 * @throws FairwayError io with the command and what it said.
 */
export function must(argv: readonly string[], options: CommandOptions = {}): string {
  const result = run(argv, options);
  if (result.code !== 0) {
    const end = result.code === null ? "did not end in time" : `ended with ${result.code}`;
    throw new FairwayError("io", `\`${argv.join(" ")}\` ${end}`, result.stderr.trim() || undefined);
  }
  return result.stdout;
}
