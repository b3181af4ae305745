/** docs/engineering/conformance.md: the rows, and what is recorded of the seeded faults. Pure, but for the record. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { faults } from "./faults.ts";
import { expectedOf, type Row, verbs } from "./row.ts";
import { rows } from "./rows/index.ts";
import { type SentenceName, sentences } from "./sentences.ts";

/** Of each fault, the rows that failed. */
export type Record = { [fault: string]: string[] };

export const recordFile = join(import.meta.dir, "record.json");

export function readRecord(): Record {
  return existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, "utf8")) as Record) : {};
}

/** What the record does not show. */
export function gaps(record: Record): string[] {
  const seen = new Set(Object.values(record).flat());
  return [
    ...Object.keys(faults)
      .filter((name) => (record[name] ?? []).length === 0)
      .map((name) => `fault ${name} was not caught`),
    ...rows.filter(({ id }) => !seen.has(id)).map(({ id }) => `row ${id} failed for no fault`),
  ];
}

const shownLength = 160;

function cell(text: string): string {
  const short = text.length > shownLength ? `${text.slice(0, shownLength)}...` : text;
  return short.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");
}

const numbers = new Map(Object.keys(sentences).map((name, index) => [name, index + 1] as const));

function rowLine(row: Row, record: Record): string {
  const caught = Object.keys(record).filter((fault) => record[fault]?.includes(row.id));
  const cells = [
    `\`${row.id}\``,
    cell(row.sent),
    cell(expectedOf(row)),
    `[${numbers.get(row.sentence)}](#sentences)`,
    caught.map((fault) => `\`${fault}\``).join(", ") || "none yet",
  ];
  return `| ${cells.join(" | ")} |`;
}

function table(verb: (typeof verbs)[number], record: Record): string {
  const some = rows.filter((row) => row.verb === verb);
  const title = verb === "any" ? "Several verbs" : verb;
  return `## ${title}: ${some.length} rows\n\n| row | sent | expected | sentence | fails for |\n| --- | --- | --- | --- | --- |\n${some.map((row) => rowLine(row, record)).join("\n")}\n`;
}

/** As it stands in the specification, but for its links, which lead to headings of that. */
const quoted = (text: string): string =>
  text.replace(/\[([^\]]*)\]\(#[^)]*\)/g, "$1").replaceAll("|", "\\|");

function sentenceLines(): string {
  return Object.entries(sentences)
    .map(([name, { section, text }]) => {
      const count = rows.filter((row) => row.sentence === (name as SentenceName)).length;
      return `| ${numbers.get(name)} | ${section} | ${quoted(text)} | ${count} |`;
    })
    .join("\n");
}

function faultLines(record: Record): string {
  return Object.entries(faults)
    .map(([name, { breaks, file }]) => {
      const found = record[name];
      return `| \`${name}\` | ${breaks} | \`${file}\` | ${found === undefined ? "not run yet" : found.length} |`;
    })
    .join("\n");
}

export function pageOf(record: Record): string {
  const caught = new Set(Object.values(record).flat());
  const seen = rows.filter(({ id }) => caught.has(id)).length;
  return `# Conformance

What a container runtime may hold Fairway to: the built binary, called by environment and stdin only, under both its names. ${rows.length} rows, each with the sentence that it checks; \`scripts/test\` runs them all, and each has to pass. Every answer is also held to this: exit code 0 or 1; an error is one JSON object on stdout with \`cniVersion\`, \`code\`, \`msg\` and \`details\`, of limited length, without a stack trace and without the words "not found". Where a row ends with "nothing changed", the whole node and the ledger were compared before and after.

Of ${Object.keys(faults).length} seeded faults, each a build of the plugin that is broken in one place, ${Object.values(record).filter((failed) => failed.length > 0).length} were seen to be caught; ${seen} of the ${rows.length} rows were seen to fail for one or more of them.

This page is written by \`scripts/conformance\` (runs the suite first), \`scripts/conformance --page\` (from what is recorded) and \`scripts/conformance --faults\` (builds and runs each fault against the rows that it names; long). A test compares it with the rows.

${verbs.map((verb) => table(verb, record)).join("\n")}
## Sentences
Of the CNI specification 1.1.0, by section; "contract" is what its library and the runtimes do beyond its words.

| | section | sentence | rows |
| --- | --- | --- | --- |
${sentenceLines()}

## Seeded faults

| fault | what it breaks | where | rows that failed |
| --- | --- | --- | --- |
${faultLines(record)}
`;
}
