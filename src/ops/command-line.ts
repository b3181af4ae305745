/** Looks at what was given on the command line, before the node is looked at. */
import type { Command } from "commander";
import { FairwayError } from "../errors.ts";
import { refuseUsage } from "./usage.ts";

const moreHelp = "--help tells the options";

/**
 * Whether an option stands on the command line, and is not a default. For --container-id `name` is
 * "containerId".
 */
export const isGiven = (command: Command, name: string): boolean =>
  command.getOptionValueSource(name) === "cli";

/**
 * Where the parser of an option's or an argument's value refuses it (badConfig), the usage is wrong; the
 * parser's words are kept.
 */
export function asUsage<T>(command: Command, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FairwayError && error.kind === "badConfig")
      return refuseUsage(command, error.message, error.details ?? moreHelp);
    throw error;
  }
}

/** Gives "--container-id" for "containerId". */
const flagOf = (command: Command, name: string): string =>
  command.options.find((option) => option.attributeName() === name)?.long ?? `--${name}`;

/** Refuses options that say something about `needed` only, where that was not given. */
export function requireWith(command: Command, names: readonly string[], needed: string): void {
  if (isGiven(command, needed)) return;
  const idle = names.filter((name) => isGiven(command, name)).map((name) => flagOf(command, name));
  if (idle.length === 0) return;
  const with_ = flagOf(command, needed);
  refuseUsage(
    command,
    `${idle.join(" and ")} ${idle.length === 1 ? "says" : "say"} something about ${with_} only, which was not given`,
    `give ${with_} too, or leave ${idle.length === 1 ? "it" : "them"} out`,
  );
}

/** Refuses two options of which one makes the other mean nothing. */
export function refuseBoth(command: Command, one: string, other: string, why: string): void {
  if (!isGiven(command, one) || !isGiven(command, other)) return;
  refuseUsage(
    command,
    `${flagOf(command, one)} and ${flagOf(command, other)} do not go together: ${why}`,
    "give one of them",
  );
}
