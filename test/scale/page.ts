/** The figures as a table. Pure. */
import type { Environment } from "../../src/prove/engine/result.ts";
import { table } from "../bench/markdown.ts";
import type { Simulated } from "./simulate.ts";

export interface Run extends Simulated {
  side: string;
  title: string;
  nodes: number;
  pods: number;
  seed: number;
  share: number;
  startedAtMs: number;
}

export interface ScaleResult {
  environment: Environment;
  runs: Run[];
}

const whole = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: 0 });
const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;

/** Each run's, in the order in which they were. */
const each = (runs: readonly Run[], of: (run: Run) => string): string =>
  [...new Set(runs.map(of))].length === 1
    ? runs.slice(0, 1).map(of).join()
    : runs.map(of).join(", ");

const lines: readonly [string, (run: Run) => string][] = [
  ["bound", ({ verdict }) => whole(verdict.bound)],
  ["Pending", ({ verdict }) => whole(verdict.pending)],
  ["of these, not looked at when the run was ended", ({ verdict }) => whole(verdict.undecided)],
  ["of these, refused although a node has room", ({ verdict }) => whole(verdict.needless.length)],
  [
    "nodes with more than they have",
    ({ verdict, nodes }) =>
      whole(new Set(verdict.overfull.map((words) => words.split(":")[0])).size) +
      (verdict.overfull.length > 0 ? ` of ${whole(nodes)}` : ""),
  ],
  ["pods that their node has to refuse", ({ verdict }) => whole(verdict.refused)],
  ["most pods on one node", ({ verdict }) => whole(verdict.mostPods)],
  [
    "bound of what the nodes have, egress / ingress",
    ({ verdict: { used } }) => `${percent(used.egress)} / ${percent(used.ingress)}`,
  ],
  ["first create to last create, s", ({ createdMs }) => (createdMs / 1_000).toFixed(1)],
  ["first create to last binding, s", ({ boundMs }) => (boundMs / 1_000).toFixed(1)],
  ["pods bound per second", ({ verdict, boundMs }) => whole(verdict.bound / (boundMs / 1_000))],
  [
    "the scheduler's processor time per pod, ms",
    ({ schedulerSeconds, pods }) => ((1_000 * schedulerSeconds) / pods).toFixed(2),
  ],
];

/** One table for each size of a cluster. */
export function scalePage({ environment, runs }: ScaleResult): string {
  const sizes = Map.groupBy(runs, ({ nodes, pods, share }) => `${nodes} ${pods} ${share}`);
  const parts = [...sizes.values()].map((ofSize) => {
    const [first] = ofSize;
    if (first === undefined) return "";
    const bySide = [...Map.groupBy(ofSize, ({ title }) => title)];
    const said = ofSize.find(({ verdict }) => verdict.smallest !== null);
    return [
      `${whole(first.nodes)} nodes, ${whole(first.pods)} pods that ask together for ${percent(first.share)} of them`,
      "",
      table(
        ["", ...bySide.map(([title]) => title)],
        lines.map(([what, of]) => [what, ...bySide.map(([, own]) => each(own, of))]),
      ),
      ...ofSize
        .filter(({ isWhole }) => !isWhole)
        .map(({ title }) => `\n${title}: ended at its limit, and not by itself`),
      ...(said?.verdict.smallest
        ? [
            "",
            `The smallest that is Pending (${said.title}) asks for ${said.verdict.smallest.mbps.egress} Mbit/s out and ${said.verdict.smallest.mbps.ingress} in: \`${said.verdict.smallest.why}\``,
          ]
        : []),
    ].join("\n");
  });
  const { cores, processor, memoryBytes, kernel, versions } = environment;
  const machine = [
    `${cores} x ${processor}`,
    `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    `kernel ${kernel}`,
    ...versions.map(({ name, version }) => `${name} ${version}`),
  ];
  return `${[...parts, machine.join(", ")].join("\n\n")}\n`;
}
