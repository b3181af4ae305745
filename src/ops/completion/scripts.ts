/**
 * Writes what a shell reads to complete commands, options and their values. It asks nothing of the node, so
 * completing needs no root and takes no time. Pure.
 */
import { type CommandNode, flat, type OptionNode } from "./tree.ts";

export type Shell = "bash" | "zsh" | "fish";

const nameOf = ({ path }: CommandNode): string => path.join(" ");
const wordsOf = (node: CommandNode): string[] => [
  ...node.commands.map(({ path }) => path.at(-1) ?? ""),
  ...(node.choices ?? []),
  ...node.options.map(({ long }) => long),
];

interface Valued {
  place: string;
  takes: OptionNode["takes"];
}

/** Each option that takes a value, by the command and the option's name. */
const valued = (nodes: readonly CommandNode[]): Valued[] =>
  nodes.flatMap((node) =>
    node.options.flatMap(({ long, takes }) =>
      takes === "none" ? [] : [{ place: `"${nameOf(node)}:${long}"`, takes }],
    ),
  );

interface Dialect {
  /** How a branch of `case` begins. */
  branch: (pattern: string) => string;
  files: string;
  words: (words: readonly string[]) => string;
}

function valueLines(nodes: readonly CommandNode[], { branch, files, words }: Dialect): string[] {
  return valued(nodes).map(({ place, takes }) => {
    const what =
      typeof takes === "string" ? (takes === "file" ? `${files}; ` : "") : `${words(takes)}; `;
    return `    ${branch(place)} ${what}return ;;`;
  });
}

const commandLines = (nodes: readonly CommandNode[], { branch, words }: Dialect): string[] =>
  nodes.map((node) => `    ${branch(`"${nameOf(node)}"`)} ${words(wordsOf(node))} ;;`);

/** The pattern of every command but the first. */
const known = (nodes: readonly CommandNode[]): string =>
  nodes
    .slice(1)
    .map((node) => `"${nameOf(node)}"`)
    .join("|");

function bash(nodes: readonly CommandNode[]): string {
  const reply = (asked: string): string => `mapfile -t COMPREPLY < <(compgen ${asked} -- "$cur")`;
  const dialect: Dialect = {
    branch: (pattern) => `${pattern})`,
    files: reply("-f"),
    words: (words) => reply(`-W "${words.join(" ")}"`),
  };
  return `# bash completion for fairway; load it with: source <(fairway completion bash)
_fairway() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=fairway i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${known(nodes)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at:$prev" in
${valueLines(nodes, dialect).join("\n")}
  esac
  case "$at" in
${commandLines(nodes, dialect).join("\n")}
  esac
}
complete -F _fairway fairway
`;
}

function zsh(nodes: readonly CommandNode[]): string {
  const dialect: Dialect = {
    branch: (pattern) => `(${pattern})`,
    files: "_files",
    words: (words) => `compadd -- ${words.join(" ")}`,
  };
  return `#compdef fairway
# zsh completion for fairway; load it with: source <(fairway completion zsh)
_fairway() {
  local at=fairway i
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${known(nodes)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at:\${words[CURRENT-1]}" in
${valueLines(nodes, dialect).join("\n")}
  esac
  case "$at" in
${commandLines(nodes, dialect).join("\n")}
  esac
}
compdef _fairway fairway
`;
}

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

function fishValue(takes: OptionNode["takes"]): string {
  if (takes === "none") return "";
  if (takes === "file") return " -r -F";
  return takes === "text" ? " -x" : ` -x -a ${fishQuoted(takes.join(" "))}`;
}

function fishLines(node: CommandNode): string[] {
  const [, ...below] = node.path;
  const seen = below.map((name) => `__fish_seen_subcommand_from ${name}`);
  const others = node.commands.map(({ path }) => path.at(-1) ?? "").join(" ");
  const here = others === "" ? seen : [...seen, `not __fish_seen_subcommand_from ${others}`];
  const begin = `complete -c fairway -n ${fishQuoted(here.join("; and "))}`;
  return [
    ...node.commands.map(
      ({ path, description }) => `${begin} -a ${path.at(-1) ?? ""} -d ${fishQuoted(description)}`,
    ),
    ...(node.choices === null ? [] : [`${begin} -a ${fishQuoted(node.choices.join(" "))}`]),
    ...node.options.map(
      ({ long, description, takes }) =>
        `${begin} -l ${long.replace(/^--/, "")}${fishValue(takes)} -d ${fishQuoted(description)}`,
    ),
  ];
}

const fish = (nodes: readonly CommandNode[]): string =>
  `# fish completion for fairway; load it with: fairway completion fish | source
complete -c fairway -f
${nodes.flatMap(fishLines).join("\n")}
`;

const writers: Record<Shell, (nodes: readonly CommandNode[]) => string> = { bash, zsh, fish };

export const completionScript = (shell: Shell, root: CommandNode): string =>
  writers[shell](flat(root));
