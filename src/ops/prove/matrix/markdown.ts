import { formatRate } from "../../../config/quantities.ts";
import { percent } from "../words.ts";
import type { CheckResult, MatrixResult, ScenarioResult } from "./result.ts";

/** The result as a page of documentation: it stands in docs/proof.md as it is. */
export function renderMarkdown(result: MatrixResult): string {
  return [
    "# The matrix, measured",
    "",
    `Written by \`fairway prove --all${result.thorough ? " --thorough" : ""} --markdown FILE\` on ${result.startedAt.slice(0, 16).replace("T", " ")} UTC, in ${result.tookSeconds.toFixed(0)} s. The node, the wire, the remote host and the pods are network namespaces of one machine. Rates count Ethernet frames, as HTB does; latency is the whole round trip of a UDP request and its answer.`,
    "",
    "| the machine | |",
    "| --- | --- |",
    ...facts(result).map(row),
    "",
    "| scenario | verdict | measured | wanted | without QoS |",
    "| --- | --- | --- | --- | --- |",
    ...result.scenarios.flatMap(rows),
    "",
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

function facts({ environment }: MatrixResult): [string, string][] {
  return [
    ["processors", `${environment.cores} x ${environment.processor}`],
    ["memory", `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["kernel", environment.kernel],
    ["TCP congestion control", environment.congestionControl],
    ...environment.versions.map(({ name, version }): [string, string] => [name, version]),
  ];
}

function rows({ name, verdict, checks, error }: ScenarioResult): string[] {
  if (error !== null) return [row([name, verdict, error, "", ""])];
  return checks.map((check, i) =>
    row([
      i === 0 ? name : "",
      i === 0 ? verdict : "",
      `${check.what}: **${check.text}**${flaw(check)}`,
      check.wanted,
      check.beside ?? "",
    ]),
  );
}

function flaw({ met, onlyShown }: CheckResult): string {
  if (onlyShown !== null) return ` (shown, not judged: ${onlyShown})`;
  return met ? "" : " (not met)";
}

const row = (cells: string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function limits({ scenarios }: MatrixResult): string[] {
  const found = scenarios.flatMap(({ name, limits }) =>
    limits.map((limit) => `- ${name}: ${limit}`),
  );
  return found.length === 0 ? [] : ["Where the machine was the limit:", "", ...found, ""];
}
