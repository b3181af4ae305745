import { digest } from "../digest.ts";
import { act, difference, fields, type Kind, type Op } from "./kind.ts";

export interface Chain {
  name: string;
  type: string;
  hook: string;
  priority: number;
  /** The rules in their order. `id` is the rule's comment: its name and a digest of its text. */
  rules: { id: string; text: string }[];
  /** It is set on an observed chain that drops what its rules give no verdict on. Our chains accept it. */
  policy?: "drop";
}

/** The static part of the nftables table: all but the elements. */
export interface Ruleset {
  kind: "ruleset";
  table: string;
  sets: { name: string; kind: "set" | "map"; spec: string }[];
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
export function rule(name: string, text: string): { id: string; text: string } {
  return { id: `${commentPrefix}${name} ${digest(text)}`, text };
}

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

function script(op: Op, want: Ruleset, have: Ruleset | null): string {
  const { table, sets, chains } = want;
  if (op === "delete") return `delete table ${table}`;
  // While the table wakes up, the kernel accepts no chain (nf_tables_addchain()). The next look finds what
  // else differs.
  if (have?.isDormant) return `add table ${table}`;
  const lines = [`add table ${table}`];
  for (const { kind, name, spec } of sets) lines.push(`add ${kind} ${table} ${name} { ${spec} }`);
  for (const { name, type, hook, priority, rules } of chains) {
    // A chain is deleted and made again, in one transaction, because its hook may be what differs.
    if (op === "change") lines.push(`add chain ${table} ${name}`, `delete chain ${table} ${name}`);
    lines.push(
      `add chain ${table} ${name} { type ${type} hook ${hook} priority ${priority}; policy accept; }`,
    );
    for (const { id, text } of rules)
      lines.push(`add rule ${table} ${name} ${text} comment "${id}"`);
  }
  if (op === "change" && have !== null)
    for (const { name } of surplusChains(want, have)) lines.push(`delete chain ${table} ${name}`);
  return lines.join("\n");
}

/** A table has no message: its rules are in nft's own language, and are made only once on a node. */
export const ruleset: Kind<Ruleset, never> = {
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
  acts: (op, object, have) => [act<never>("nft", script(op, object, have), null)],
};
