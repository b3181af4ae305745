/**
 * The base as it was when all of it was looked at last. An ADD that finds it the same at a glance does
 * not look at each part again (decision 26): outlines of what it is made of, and for the tables, with
 * every pod's elements in them, that no transaction but our own was made since.
 */
import { version } from "../../package.json";
import { outlineOf } from "../kernel/outline.ts";
import { outlineQuestions } from "../kernel/outline-questions.ts";
import { generationsKept, generationsSince } from "../kernel/own-generations.ts";
import { TableDigest, type TablesSeen } from "../kernel/read/table-digest.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BaseInput } from "../plan/desired.ts";
import { guardTable, table } from "../plan/names.ts";

const factKey = "base seen";

export interface BaseSeen {
  /** What was wanted, by which version. What is promised is not in it: who changes that follows it (setPhase). */
  wanted: string;
  /** The outlines of what there is, and the questions that they are the answers to. */
  questions: Uint8Array[];
  outline: string;
  tables: TablesSeen;
}

export interface Glance {
  /** Whether there is nothing to look at. */
  isWhole: boolean;
  /** For `rememberSeen`, by who looks at it after this and finds nothing missing. */
  now: BaseSeen;
}

const wantedText = ({ networks, hostBits }: BaseInput): string =>
  JSON.stringify([version, hostBits, networks]);

/** What is compared first in the first line. */
function textOf({ wanted, questions, outline, tables }: BaseSeen): string {
  const { generation, rules, elements } = tables;
  const asked = questions.map((batch) => batch.toBase64());
  return `${generation} ${rules} ${elements} ${outline} ${asked.join(",")}\n${wanted}`;
}

/** null: none, or one of other wants. */
function seenBefore(ledger: Ledger, wanted: string): BaseSeen | null {
  const text = ledger.fact(factKey);
  if (text === null || !text.endsWith(`\n${wanted}`)) return null;
  const [generation, rules, elements, outline, asked] = text
    .slice(0, text.length - wanted.length - 1)
    .split(" ");
  // An older version wrote no such line.
  if (rules === undefined || outline === undefined || asked === undefined) return null;
  return {
    wanted,
    questions: asked.split(",").map((batch) => Uint8Array.fromBase64(batch)),
    outline,
    tables: { generation: Number(generation), rules, elements: Number(elements) },
  };
}

/** Long before the oldest of our generations loses its place to a new one. */
const refreshedAfter = generationsKept / 4;

const bothTables = [table, guardTable];

function firstSight(input: BaseInput, wanted: string, digest: TableDigest): BaseSeen {
  const questions = outlineQuestions(input);
  return { wanted, questions, outline: outlineOf(questions), tables: digest.look(bothTables) };
}

/** The base at a glance. Throws what the kernel does not tell. */
export function glance(ledger: Ledger, input: BaseInput): Glance {
  const wanted = wantedText(input);
  const known = seenBefore(ledger, wanted);
  using digest = new TableDigest();
  if (known === null || outlineOf(known.questions) !== known.outline)
    return { isWhole: false, now: firstSight(input, wanted, digest) };
  const generation = digest.generation();
  const quiet = generationsSince(known.tables.generation, generation);
  if (quiet.others === 0) {
    const elements = known.tables.elements + quiet.added;
    const now = { ...known, tables: { ...known.tables, generation, elements } };
    if (generation - known.tables.generation >= refreshedAfter) rememberSeen(ledger, now);
    return { isWhole: true, now };
  }
  // Somebody else's transactions: of their own tables, as a rule.
  const tables = digest.look(bothTables);
  const { added } = generationsSince(known.tables.generation, tables.generation);
  const isWhole =
    known.tables.elements + added === tables.elements && known.tables.rules === tables.rules;
  const now = { ...known, tables };
  if (isWhole) rememberSeen(ledger, now);
  return { isWhole, now };
}

/** To be called by who took this glance, looked at all of it after that, and found nothing missing. */
export function rememberSeen(ledger: Ledger, now: BaseSeen): void {
  ledger.setFact(factKey, textOf(now));
}

/**
 * Inside `exclusively`: `change` makes new rules by one transaction of nft's. Where the tables were seen
 * whole before it, and nobody else's transaction came between, they are remembered as they are after it.
 */
export function followRules(ledger: Ledger, input: BaseInput, change: () => void): void {
  const known = seenBefore(ledger, wantedText(input));
  change();
  if (known === null) return;
  using digest = new TableDigest();
  const generation = digest.generation();
  const { others, added } = generationsSince(known.tables.generation, generation);
  if (others !== 1) return;
  const tables = {
    generation,
    rules: digest.rules(bothTables),
    elements: known.tables.elements + added,
  };
  if (digest.generation() === generation) rememberSeen(ledger, { ...known, tables });
}
