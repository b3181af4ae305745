/**
 * The base as it was when all of it was looked at last. An ADD that finds it the same at a glance does not
 * look at each part again (decision 26). The glance compares outlines of what the base is made of. For the
 * tables, which have every pod's elements in them, it checks that no transaction but our own was made since.
 */
import { version } from "../../../package.json";
import { outlineOf } from "../../kernel/outline.ts";
import { outlineQuestions } from "../../kernel/outline-questions.ts";
import { generationsKept, generationsSince } from "../../kernel/own-generations.ts";
import { TableDigest, type TablesSeen } from "../../kernel/read/table-digest.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { BaseInput } from "../../plan/desired.ts";
import { guardTable, table } from "../../plan/names.ts";

const factKey = "base seen";

export interface BaseSeen {
  /**
   * What was wanted, and by which version. The promises are not in it, because whoever changes them brings
   * the base along (setPhase).
   */
  wanted: string;
  /** The outlines of what there is, and the questions that they are the answers to. */
  questions: Uint8Array[];
  outline: string;
  tables: TablesSeen;
}

export interface Glance {
  /** Whether the base is as it was, so that nothing has to be looked at. */
  isWhole: boolean;
  /** This is for `rememberSeen`, once a look at the whole base has found nothing missing. */
  now: BaseSeen;
}

const wantedText = ({ networks, hostBits }: BaseInput): string =>
  JSON.stringify([version, hostBits, networks]);

/** The first line holds what the kernel showed, and the second what was wanted. */
function textOf({ wanted, questions, outline, tables }: BaseSeen): string {
  const { generation, rules, elements } = tables;
  const asked = questions.map((batch) => batch.toBase64());
  return `${generation} ${rules} ${elements} ${outline} ${asked.join(",")}\n${wanted}`;
}

/** null means that nothing is remembered, or that something else was wanted then. */
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

/**
 * The record is refreshed after so many generations, long before the oldest of ours loses its place to a new
 * one.
 */
const refreshedAfter = generationsKept / 4;

const bothTables = [table, guardTable];

function firstSight(input: BaseInput, wanted: string, digest: TableDigest): BaseSeen {
  const questions = outlineQuestions(input);
  return { wanted, questions, outline: outlineOf(questions), tables: digest.look(bothTables) };
}

/** Looks at the base at a glance. Throws where the kernel does not answer. */
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
  // Somebody else made transactions, usually on their own tables.
  const tables = digest.look(bothTables);
  const { added } = generationsSince(known.tables.generation, tables.generation);
  const isWhole =
    known.tables.elements + added === tables.elements && known.tables.rules === tables.rules;
  const now = { ...known, tables };
  if (isWhole) rememberSeen(ledger, now);
  return { isWhole, now };
}

/** Call it only when a look at the whole base, made after this glance, has found nothing missing. */
export function rememberSeen(ledger: Ledger, now: BaseSeen): void {
  ledger.setFact(factKey, textOf(now));
}

/**
 * Call it inside `exclusively`. `change` makes new rules in one transaction. Where the tables were
 * seen whole before it, and nobody else's transaction came between, they are remembered as they are after it.
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
