import { FairwayError } from "../../errors.ts";
import {
  type CommandOptions,
  type CommandResult,
  minimalEnvironment,
  runChild,
} from "../../ops/child.ts";

/** No command of a lab needs more: a verb waits 30 s for the ledger's lock, and then says so. */
const usualLimitMs = 45_000;

/** The default time limit is `usualLimitMs`. */
export type LabOptions = Partial<CommandOptions>;

/**
 * Runs one short command to its end. A non-zero code is a value, not an error.
 * @throws FairwayError missingTool where the program is not there.
 */
export function run(argv: readonly string[], options: LabOptions = {}): CommandResult {
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
  return runChild(argv, { timeoutMs: usualLimitMs, ...options });
}

/**
 * Runs a command that must succeed; returns its standard output.
 * @throws FairwayError io with the command and what it said.
 */
export function must(argv: readonly string[], options: LabOptions = {}): string {
  const result = run(argv, options);
  if (result.code !== 0) {
    const end = result.code === null ? "did not end in time" : `ended with ${result.code}`;
    throw new FairwayError("io", `\`${argv.join(" ")}\` ${end}`, result.stderr.trim() || undefined);
  }
  return result.stdout;
}
