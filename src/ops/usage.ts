/**
 * Reports wrong usage of a command with exit code 2, so that it can be told apart from what the node refuses.
 */
import { type Command, InvalidArgumentError } from "commander";
import { messageOf } from "../errors.ts";
import { exitCodes } from "./exit-codes.ts";

/** Throws the error for which `operatorMain` ends with 2. */
export function refuseUsage(command: Command, what: string, advice: string): never {
  command.error(`fairway: ${what}\n  ${advice}`, {
    exitCode: exitCodes.usage,
    code: "fairway.usage",
  });
}

/** For an option whose parser refuses a text: the usage is wrong then. */
export function usage<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

/** For an option that may be given again. */
export const collect = (value: string, former: string[] = []): string[] => [...former, value];
