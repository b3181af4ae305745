/**
 * Writes docs/fairway.8, the man page, of the same commands and options as `--help`. With `--check` it only
 * says whether the page is as it would be written.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandNode, flat, type OptionNode, treeOf } from "../src/ops/completion/tree.ts";
import { program } from "../src/ops/main.ts";

export const manPage = join(import.meta.dirname, "../docs/fairway.8");

/** A line must not begin with a control character; a hyphen that is typed is `\-`. */
const text = (plain: string): string =>
  plain
    .replace(/\\/g, "\\e")
    .replace(/-/g, "\\-")
    .replace(/^(?=[.'])/gm, "\\&");

const optionLines = ({ flags, description, takes }: OptionNode): string[] => {
  const choices = typeof takes === "string" ? "" : `: ${takes.join(", ")}`;
  return [".TP", `.B ${text(flags)}`, text(`${description}${choices}`)];
};

function commandLines({ path, operands, description, options, choices }: CommandNode): string[] {
  const [, ...below] = path;
  return [
    `.SS "fairway ${text([...below, operands].join(" ").trim())}"`,
    text(choices === null ? description : `${description} (${choices.join(", ")})`),
    ...options.flatMap(optionLines),
  ];
}

const exits: readonly (readonly [number, string])[] = [
  [0, "done"],
  [1, "failed"],
  [2, "wrong usage"],
  [3, "something differs from the ledger"],
];

export function manText(): string {
  const root = treeOf(program());
  const [, ...commands] = flat(root);
  const lines = [
    '.\\" Made by scripts/man.ts of what --help says.',
    '.TH FAIRWAY 8 "" "Fairway" "System administration"',
    ".SH NAME",
    `fairway \\- ${text(root.description)}`,
    ".SH SYNOPSIS",
    ".B fairway",
    ".I COMMAND",
    text("[OPTION...]"),
    ".SH DESCRIPTION",
    text(
      "Without CNI_COMMAND in its environment, the executable is the operator's tool. With it, it is the CNI plugin.",
    ),
    ...root.options.flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.filter((node) => node.commands.length === 0).flatMap(commandLines),
    ".SH EXIT STATUS",
    ...exits.flatMap(([code, meaning]) => [".TP", `.B ${code}`, text(meaning)]),
    ".SH ENVIRONMENT",
    ".TP",
    ".B NO_COLOR",
    "where it is set, nothing is coloured",
  ];
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) {
  if (!process.argv.includes("--check")) writeFileSync(manPage, manText());
  else if (readFileSync(manPage, "utf8") !== manText()) {
    process.stderr.write("docs/fairway.8 is not what --help says: run bun scripts/man.ts\n");
    process.exitCode = 1;
  }
}
