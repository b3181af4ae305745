/** Writes what each node has, has promised and has free, for a person in so many columns. Pure. */
import { bitsPerMbps } from "../../config/resources.ts";
import { mbitWords } from "../../measure/words.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { type Column, type Columns, layOut, rowLine, wrapped } from "../status/text-table.ts";
import { freeMbps, type NodeShown } from "./seen.ts";

const columns: readonly Column[] = [
  { title: "NODE", cutTo: 12 },
  { title: "AGENT" },
  { title: "EGRESS" },
  { title: "INGRESS" },
];

const agentWords = ({ agent }: Pick<NodeShown, "agent">): string => {
  if (agent === null) return "NONE";
  return `${agent.version ?? "?"}${agent.isReady ? "" : " NOT READY"}`;
};

/** "280 / 100 / 400" */
function shareWords({ share }: NodeShown, direction: Direction): string {
  const found = share[direction];
  if (found === null) return "-";
  const { freeBits, promisedBits, capacityBits } = found;
  return [freeBits, promisedBits, capacityBits].map(mbitWords).join(" / ");
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

const nodesWords = (count: number): string => `${count} node${count === 1 ? "" : "s"}`;

function headline(nodes: readonly NodeShown[]): string {
  const ready = nodes.filter(({ agent }) => agent?.isReady === true).length;
  const shares = (direction: Direction): string => {
    const found = nodes.flatMap(({ share }) => share[direction] ?? []);
    const [free, all] = [
      sum(found.map(({ freeBits }) => freeBits)),
      sum(found.map(({ capacityBits }) => capacityBits)),
    ];
    return `${mbitWords(free)} of ${mbitWords(all)} Mbit/s of ${direction} free`;
  };
  return `${nodesWords(nodes.length)}, ${ready} with an agent that is ready; ${directions.map(shares).join(", ")}.`;
}

/** What is to be known of a node beside its row. */
function remarksOf(shown: NodeShown): string[] {
  const { node, agent, isReady, isCordoned, share, schedulable } = shown;
  const remarks: string[] = [];
  const hasShares = directions.some((direction) => share[direction] !== null);
  if (agent?.isReady !== true && hasShares)
    remarks.push("no agent is ready there, so these are the figures that the last one wrote");
  if (agent === null && !hasShares) remarks.push("no agent is there, so nothing is promised there");
  if (!isReady) remarks.push("the node is not Ready");
  if (isCordoned) remarks.push("it is cordoned, so no pod is placed there");
  for (const direction of directions) {
    const [of, left] = [share[direction], freeMbps(schedulable[direction])];
    if (of !== null && of.shortBits > 0)
      remarks.push(`${direction}: ${mbitWords(of.shortBits)} Mbit/s more are promised than it has`);
    // Pods that are bound and not started yet, and those that hold less than they requested.
    if (of !== null && left !== null && left < Math.floor(of.freeBits / bitsPerMbps))
      remarks.push(
        `${direction}: the scheduler gives ${left} Mbit/s more, since it counts requests`,
      );
  }
  return remarks.map((words) => `${node.name}: ${words}.`);
}

const legend =
  "EGRESS, INGRESS: free for guarantees / promised to pods / capacity, in Mbit/s. Capacity less what is promised is more than what is free: the rest is the node's reserve.";

export function renderNodes(nodes: readonly NodeShown[], width: Columns): string {
  const fold = (line: string): string[] => wrapped(line, width);
  if (nodes.length === 0) return "The cluster shows no node.\n";
  const rows = nodes.map((shown) => [
    shown.node.name,
    agentWords(shown),
    ...directions.map((direction) => shareWords(shown, direction)),
  ]);
  const laid = layOut(columns, rows, width);
  const titles = columns.map(({ title }) => title);
  const table =
    laid === null
      ? rows.flatMap((row) => row.flatMap((cell, at) => fold(`${titles[at]} ${cell}`)))
      : [titles, ...rows].map((row) => rowLine(laid, row));
  const lines = [
    ...fold(headline(nodes)),
    "",
    ...table,
    "",
    ...fold(legend),
    ...nodes.flatMap(remarksOf).flatMap(fold),
  ];
  return `${lines.join("\n")}\n`;
}

/** Of what `--json` prints. */
const nodesSchemaVersion = 1;

export const nodesAsData = (nodes: readonly NodeShown[]) => ({
  schemaVersion: nodesSchemaVersion,
  nodes: nodes.map(({ node, agent, isReady, isCordoned, share, schedulable }) => ({
    node: node.name,
    isReady,
    isCordoned,
    agent:
      agent === null
        ? null
        : {
            pod: `${agent.namespace}/${agent.name}`,
            version: agent.version,
            isReady: agent.isReady,
          },
    egress: { share: share.egress, scheduler: schedulable.egress },
    ingress: { share: share.ingress, scheduler: schedulable.ingress },
  })),
});
