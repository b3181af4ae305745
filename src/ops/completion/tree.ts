/**
 * The commands and their options as data, read from commander: of these are made what a shell completes and
 * the man page, so that a new option is there by itself. Pure.
 */
import type { Argument, Command, Option } from "commander";

export interface OptionNode {
  /** "--config <FILE>" */
  flags: string;
  /** "--config" */
  long: string;
  description: string;
  /** What it takes; `none` is a flag. */
  takes: "none" | "file" | "text" | readonly string[];
}

export interface CommandNode {
  /** ["fairway", "ipam", "list"] */
  path: readonly string[];
  description: string;
  /** "NAMESPACE/POD [KEY=VALUE...]" */
  operands: string;
  /** What its first operand can be; null where that is anything. */
  choices: readonly string[] | null;
  options: OptionNode[];
  commands: CommandNode[];
}

const isFile = (flags: string): boolean => /<(?:\w*_)?(?:FILE|DIR|PATH)>/.test(flags);

function optionNode({ flags, long, description, argChoices, ...option }: Option): OptionNode {
  const takesValue = option.required || option.optional;
  const value = argChoices ?? (isFile(flags) ? "file" : "text");
  return { flags, long: long ?? flags, description, takes: takesValue ? value : "none" };
}

function operandText(operand: Argument): string {
  const name = `${operand.name()}${operand.variadic ? "..." : ""}`;
  return operand.required ? name : `[${name}]`;
}

export function treeOf(command: Command, above: readonly string[] = []): CommandNode {
  const path = [...above, command.name()];
  const help = command.createHelp();
  const operands = command.registeredArguments;
  return {
    path,
    description: command.description(),
    operands: operands.map(operandText).join(" "),
    choices: operands[0]?.argChoices ?? null,
    options: help.visibleOptions(command).map(optionNode),
    commands: command.commands.map((each) => treeOf(each, path)),
  };
}

/** The command and all below it, each before those that it has. */
export const flat = (node: CommandNode): CommandNode[] => [node, ...node.commands.flatMap(flat)];
