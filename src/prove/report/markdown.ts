import { formatRate } from "../../config/quantities.ts";
import type { CheckResult, ProveResult, ScenarioResult } from "../engine/result.ts";
import { environmentFacts, latencyNote, percent } from "./words.ts";

/** Writes the result as a page of documentation. It stands in docs/engineering/proof.md as it is. */
export function renderMarkdown(result: ProveResult): string {
  const cappedCell = (text: string): string[] => (result.bandwidthPlugin === null ? [] : [text]);
  return [
    "# The matrix, measured",
    "",
    `Written by \`fairway prove\`${result.thorough ? ", thorough," : ""}. The node, the wire, the remote host and the pods are network namespaces of one machine. Rates count Ethernet frames, as HTB does. ${latencyNote} Where a single look did not meet what is wanted, two more were taken and the median is judged; all three are told.`,
    "",
    "| the machine | |",
    "| --- | --- |",
    ...environmentFacts(result).map(row),
    "",
    row([
      "scenario",
      "verdict",
      "measured",
      "wanted",
      "without QoS",
      ...cappedCell("bandwidth plugin"),
    ]),
    row(["---", "---", "---", "---", "---", ...cappedCell("---")]),
    ...result.scenarios.flatMap((each) => rows(each, cappedCell)),
    "",
    ...cappedCell(
      "The bandwidth plugin only caps, so a guarantee under it is a partition: each pod is capped at its limit, else at its guarantee, and the best-effort pods share what is left in equal parts; bursts are 5 ms of the cap, and 128 KiB at least. What is idle is not lent.\n",
    ),
    "What each one shows:",
    "",
    ...result.scenarios.map(
      ({ name, shows, wireBits, busyShare, tookSeconds }) =>
        `- **${name}** (${formatRate(wireBits)}bit/s, ${tookSeconds.toFixed(0)} s, processors ${percent(busyShare)} in use at the most). ${shows}`,
    ),
    "",
    ...limits(result),
  ].join("\n");
}

function rows(
  { name, verdict, checks, error }: ScenarioResult,
  cappedCell: (text: string) => string[],
): string[] {
  if (error !== null) return [row([name, verdict, error, "", "", ...cappedCell("")])];
  return checks.map((check, i) =>
    row([
      i === 0 ? name : "",
      i === 0 ? verdict : "",
      `${check.what}: **${check.text}**${flaw(check)}`,
      check.wanted,
      check.beside ?? "",
      ...cappedCell(check.capped ?? ""),
    ]),
  );
}

function flaw({ met, onlyShown }: CheckResult): string {
  if (onlyShown !== null) return ` (shown, not judged: ${onlyShown})`;
  return met ? "" : " (not met)";
}

const row = (cells: string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function limits({ scenarios }: ProveResult): string[] {
  const found = scenarios.flatMap(({ name, limits }) =>
    limits.map((limit) => `- ${name}: ${limit}`),
  );
  return found.length === 0 ? [] : ["Where the machine was the limit:", "", ...found, ""];
}
