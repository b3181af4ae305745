import { digest } from "../digest.ts";
import type { Instruction, Statement } from "../rules/instruction.ts";
import { type SetType, specOf } from "../rules/set-type.ts";
import { act, difference, fields, type Kind, type Op } from "./kind.ts";

export interface Rule {
  /** The rule's comment: its name and a digest of its text. */
  id: string;
  /** As nft's language has it. It is empty for an observed rule. */
  text: string;
  /** The same for the kernel. An observed rule has none. */
  does?: readonly Instruction[];
}

export interface SetDeclaration {
  name: string;
  kind: "set" | "map";
  /** As nft's language has it. It is empty for an observed set. */
  spec: string;
  /** The same for the kernel. An observed set has none. */
  type?: SetType;
}

export interface Chain {
  name: string;
  type: string;
  hook: string;
  priority: number;
  /** The rules in their order. */
  rules: Rule[];
  /** It is set on an observed chain that drops what its rules give no verdict on. Our chains accept it. */
  policy?: "drop";
}

/** The static part of the nftables table: all but the elements. */
export interface Ruleset {
  kind: "ruleset";
  table: string;
  sets: SetDeclaration[];
  chains: Chain[];
  /**
   * It is set on an observed table that somebody made dormant: the table is complete, but the kernel skips
   * it.
   */
  isDormant?: true;
}

const commentPrefix = "fairway ";

/**
 * A rule is recognised by its comment: nft prints the same rule in other words from one version to the next,
 * but a comment stays as it is. A rule that somebody replaced has lost its comment.
 */
export function rule(name: string, ...statements: Statement[]): Rule {
  const text = statements.map((statement) => statement.text).join(" ");
  const does = statements.flatMap((statement) => statement.does);
  return { id: `${commentPrefix}${name} ${digest(text)}`, text, does };
}

export const setOf = (name: string, type: SetType): SetDeclaration => ({
  name,
  kind: type.leadsToClass === true ? "map" : "set",
  spec: specOf(type),
  type,
});

/** Whether a rule is ours, judged by its comment. */
export const isOurRule = (id: string): boolean => id.startsWith(commentPrefix);

/** Our chains that exist and are not wanted any more. Somebody else's chains in our table stay. */
export function surplusChains(want: Ruleset, have: Ruleset): Chain[] {
  return have.chains.filter(
    ({ name, rules }) =>
      !want.chains.some((c) => c.name === name) && rules.some(({ id }) => isOurRule(id)),
  );
}

const flag = ({ isDormant }: Ruleset): string | null => (isDormant ? "dormant" : null);

const ruleNames = ({ rules }: Chain): string => rules.map(({ id }) => id).join(", ");

function chainDifferences(want: Chain, have: Chain | undefined): string[] {
  const { name } = want;
  if (have === undefined) return [`chain ${name} is missing`];
  return [
    ...fields<Chain>("type", "hook", "priority")(want, have),
    ...difference(`policy of chain ${name}`, "accept", have.policy ?? "accept"),
    ...difference(`rules of chain ${name}`, ruleNames(want), ruleNames(have)),
  ];
}

/** One command of a transaction. */
export type Command =
  | { add: "table" }
  | { add: "set"; set: SetDeclaration }
  /** A chain without a hook is made if it is not there, so that it can be deleted. */
  | { add: "chain"; chain: Chain; hasHook: boolean }
  | { add: "rule"; rule: Rule; chain: string }
  | { remove: "table" }
  | { remove: "chain"; chain: string };

/** Commands that are one transaction. */
export interface Script {
  table: string;
  commands: Command[];
}

function commandsOf(op: Op, want: Ruleset, have: Ruleset | null): Command[] {
  if (op === "delete") return [{ remove: "table" }];
  // While the table wakes up, the kernel accepts no chain (nf_tables_addchain()). The next look finds what
  // else differs.
  if (have?.isDormant) return [{ add: "table" }];
  return [
    { add: "table" },
    ...want.sets.map((set): Command => ({ add: "set", set })),
    ...want.chains.flatMap((chain): Command[] => [
      // A chain is deleted and made again, in one transaction, because its hook may be what differs.
      ...(op === "change"
        ? [
            { add: "chain", chain, hasHook: false } as const,
            { remove: "chain", chain: chain.name } as const,
          ]
        : []),
      { add: "chain", chain, hasHook: true },
      ...chain.rules.map((each): Command => ({ add: "rule", rule: each, chain: chain.name })),
    ]),
    ...(op === "change" && have !== null
      ? surplusChains(want, have).map(({ name }): Command => ({ remove: "chain", chain: name }))
      : []),
  ];
}

/** A command in nft's language. */
function lineOf(table: string, command: Command): string {
  if ("remove" in command)
    return command.remove === "table"
      ? `delete table ${table}`
      : `delete chain ${table} ${command.chain}`;
  switch (command.add) {
    case "table":
      return `add table ${table}`;
    case "set": {
      const { kind, name, spec } = command.set;
      return `add ${kind} ${table} ${name} { ${spec} }`;
    }
    case "chain": {
      const { name, type, hook, priority } = command.chain;
      const bare = `add chain ${table} ${name}`;
      return command.hasHook
        ? `${bare} { type ${type} hook ${hook} priority ${priority}; policy accept; }`
        : bare;
    }
    case "rule": {
      const { text, id } = command.rule;
      return `add rule ${table} ${command.chain} ${text} comment "${id}"`;
    }
  }
}

/** What a command is about, as a person is told. */
export function subjectOf(command: Command): string {
  if ("remove" in command)
    return command.remove === "table" ? "the table" : `chain ${command.chain}`;
  switch (command.add) {
    case "table":
      return "the table";
    case "set":
      return `${command.set.kind} ${command.set.name}`;
    case "chain":
      return `chain ${command.chain.name}`;
    case "rule":
      return `rule "${command.rule.id}" of chain ${command.chain}`;
  }
}

export const ruleset: Kind<Ruleset, Script> = {
  key: ({ table }) => `ruleset ${table}`,
  title: ({ table }) => `nftables table ${table}`,
  differ: (want, have) => [
    ...difference("flag", flag(want), flag(have)),
    // The order and other sets do not matter: a set that was made again is listed last, and somebody else's
    // set does no harm.
    ...want.sets
      .filter(({ name }) => !have.sets.some((set) => set.name === name))
      .map(({ kind, name }) => `${kind} ${name} is missing`),
    ...want.chains.flatMap((chain) =>
      chainDifferences(
        chain,
        have.chains.find(({ name }) => name === chain.name),
      ),
    ),
    ...surplusChains(want, have).map(({ name }) => `chain ${name} should not be there`),
  ],
  // Nobody can read its text back, so it is deleted last.
  isDeletedInPlace: true,
  canBeMade: ({ sets, chains }) =>
    sets.every(({ spec }) => spec !== "") &&
    chains.every(({ rules }) => rules.every(({ text }) => text !== "")),
  acts: (op, object, have) => {
    const { table } = object;
    const commands = commandsOf(op, object, have);
    const text = commands.map((command) => lineOf(table, command)).join("\n");
    return [act("nft", text, { table, commands })];
  },
};
