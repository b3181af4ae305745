/** docs/engineering/conformance.md: the rows, and what is recorded of them and of the seeded faults. Pure. */
import { faults } from "./faults.ts";
import { partFaults } from "./part-faults.ts";
import type { Recorded } from "./record.ts";
import { expectedOf, type Row, verbs } from "./row.ts";
import { rows } from "./rows/index.ts";
import { type SentenceName, sentences } from "./sentences.ts";
import { type Way, ways } from "./ways.ts";

const caughtBy = ({ faults: seen }: Recorded, name: string, way: Way): readonly string[] =>
  seen[name]?.[way] ?? [];

const inWords: Record<Way, string> = {
  "one-shot": "a process of its own",
  agent: "launcher and agent",
};

/** What the record does not show. */
export function gaps(record: Recorded): string[] {
  const seen = new Set(
    Object.values(record.faults).flatMap((caught) => Object.values(caught).flat()),
  );
  return [
    ...ways.flatMap((way) =>
      Object.keys(faults)
        .filter((name) => caughtBy(record, name, way).length === 0)
        .map((name) => `fault ${name} was not caught by ${inWords[way]}`),
    ),
    ...Object.keys(partFaults)
      .filter((name) => (record.parts[name] ?? []).length === 0)
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

function rowLine(row: Row, record: Recorded): string {
  const caught = Object.keys(record.faults).filter((fault) =>
    ways.some((way) => caughtBy(record, fault, way).includes(row.id)),
  );
  const cells = [
    `\`${row.id}\``,
    cell(row.sent),
    cell(expectedOf(row)),
    `[${numbers.get(row.sentence)}](#sentences)`,
    caught.map((fault) => `\`${fault}\``).join(", ") || "none yet",
  ];
  return `| ${cells.join(" | ")} |`;
}

function table(verb: (typeof verbs)[number], record: Recorded): string {
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

function faultLines(record: Recorded): string {
  return Object.entries(faults)
    .map(([name, { breaks, file }]) => {
      const counts = ways.map((way) => record.faults[name]?.[way].length ?? "not run yet");
      return `| \`${name}\` | ${breaks} | \`${file}\` | ${counts.join(" | ")} |`;
    })
    .join("\n");
}

function partLines({ parts }: Recorded): string {
  return Object.entries(partFaults)
    .map(([name, { breaks, file, by }]) => {
      const found = parts[name];
      const seen = found === undefined ? "not run yet" : `${found.length}`;
      const what = "rows" in by ? "rows" : `\`${by.tests}\``;
      return `| \`${name}\` | ${breaks} | \`${file}\` | ${what}: ${seen} |`;
    })
    .join("\n");
}

function wayLines({ ways: seen }: Recorded): string {
  return ways
    .map((way) => {
      const { met, served = 0 } = seen[way] ?? {};
      const byAgent = way === "agent" ? `${served} calls` : "";
      return `| ${inWords[way]} | ${met ?? "not run yet"} of ${rows.length} | ${byAgent} |`;
    })
    .join("\n");
}

const leftLines = ({ ways: { agent } }: Recorded): string =>
  Object.entries(agent?.left ?? {})
    .map(([why, ids]) => `| ${why} | ${ids.map((id) => `\`${id}\``).join(", ")} |`)
    .join("\n");

export function pageOf(record: Recorded): string {
  const failed = Object.values(record.faults).flatMap((caught) => Object.values(caught).flat());
  const caught = new Set(failed);
  const seen = rows.filter(({ id }) => caught.has(id)).length;
  const names = Object.keys(faults);
  const caughtIn = (way: Way): number =>
    names.filter((name) => caughtBy(record, name, way).length > 0).length;
  const parts = Object.keys(partFaults);
  const partsCaught = parts.filter((name) => (record.parts[name] ?? []).length > 0).length;
  return `# Conformance

What a container runtime may hold Fairway to: the built binary, called by environment and stdin only, under both its names. ${rows.length} rows, each with the sentence that it checks; \`scripts/test\` runs them all, by both ways, and each has to pass. Every answer is also held to this: exit code 0 or 1; an error is one JSON object on stdout with \`cniVersion\`, \`code\`, \`msg\` and \`details\`, of limited length, without a stack trace and without the words "not found". Where a row ends with "nothing changed", the whole node and the ledger were compared before and after.

Of ${names.length} seeded faults, each a build of the plugin that is broken in one place, ${caughtIn("one-shot")} were seen to be caught by rows that call it as a process of its own, and ${caughtIn("agent")} by the same rows through the launcher and an agent whose notification sockets are closed, so that nothing is known to it but what it looks at; ${seen} of the ${rows.length} rows were seen to fail for one or more of them. Of ${parts.length} more faults, of the agent and the launcher, ${partsCaught} were seen to be caught.

This page is written by \`scripts/conformance\` (runs the suite first), \`scripts/conformance --page\` (from what is recorded) and \`scripts/conformance --faults\` (builds and runs each fault against the rows that it names; long). A test compares it with the rows.

## Both ways
Each row runs twice: the plugin is a process of its own, and the plugin is the launcher, with \`fairway-full\` beside it and an agent in the node's namespaces, which only tells what it sees (\`--repair observe\`), since what a row breaks has to be there when CHECK looks.

| the plugin is | rows that pass | answered by the agent |
| --- | --- | --- |
${wayLines(record)}

The answers of both ways are compared, too: exit code, stdout and stderr of each call. What may differ is what differs between any two runs: names of pods, networks, folders and namespaces, MAC addresses and what follows from them, numbers of classes, in a log line \`time\`, \`pid\`, \`durationMs\` and \`fellBack\`, and which steps a verb has at level debug, since rows share a node.

A launcher that gets no acceptance within 200 ms becomes the full executable. So that this is not mistaken for the agent, whatever is called in the full executable's place notes why, and such a row runs again, alone and with a launcher that waits. What is left to the full executable by design:

| because | rows |
| --- | --- |
${leftLines(record)}

${verbs.map((verb) => table(verb, record)).join("\n")}
## Sentences
Of the CNI specification 1.1.0, by section; "contract" is what its library and the runtimes do beyond its words.

| | section | sentence | rows |
| --- | --- | --- | --- |
${sentenceLines()}

## Seeded faults

| fault | what it breaks | where | rows that failed, ${inWords["one-shot"]} | rows that failed, ${inWords.agent} |
| --- | --- | --- | --- | --- |
${faultLines(record)}

### Of the agent and the launcher

| fault | what it breaks | where | what failed |
| --- | --- | --- | --- |
${partLines(record)}
`;
}
