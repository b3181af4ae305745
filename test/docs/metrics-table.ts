/** The table of metrics as docs/metrics.md has it. */
import { type Described, described } from "../../src/metrics/described.ts";

export function metricsTable(): string {
  const rows = Object.entries<Described>(described).map(([name, { type, labels, help }]) => {
    const of = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${of} | ${help} |\n`;
  });
  return `| metric | kind | labels | is |\n| --- | --- | --- | --- |\n${rows.join("")}`;
}
