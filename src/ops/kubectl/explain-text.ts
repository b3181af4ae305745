/** Writes what `explain` found out for a person, the answer first, in so many columns. Pure. */
import { directions } from "../../plan/node.ts";
import { type Column, type Columns, layOut, rowLine, wrapped } from "../status/text-table.ts";
import type { Explained } from "./explained.ts";
import type { NodeFit } from "./fit.ts";
import { isAsked } from "./seen.ts";

const columns: readonly Column[] = [
  { title: "NODE", cutTo: 12 },
  { title: "FITS" },
  { title: "EGRESS" },
  { title: "INGRESS" },
];

const nodesWords = (count: number): string => `${count} node${count === 1 ? "" : "s"}`;

/** Whether all that it asks for are claims, of which nothing is known here. */
const hasClaimsOnly = ({ asking, claims }: Explained): boolean =>
  claims.length > 0 && asking.kind === "asks" && !isAsked(asking.mbps);

function askWords(found: Explained): string {
  const { asking } = found;
  if (asking.kind === "refused") return "";
  if (hasClaimsOnly(found)) return "no guarantee but by its claims";
  const parts = directions.flatMap((direction) => {
    const mbps = asking.mbps[direction];
    return mbps === 0 ? [] : [`${mbps} Mbit/s of ${direction}`];
  });
  return parts.length === 0 ? "no guarantee" : parts.join(" and ");
}

function podAnswer(found: Explained, fitting: readonly NodeFit[]): string {
  const { node, fits, asking } = found;
  if (node !== null) return `It is on ${node}.`;
  if (hasClaimsOnly(found)) return "Whether they fit is not looked at here.";
  if (asking.kind === "asks" && !isAsked(asking.mbps) && fitting.length > 0)
    return "As far as bandwidth goes it fits anywhere: it is best effort.";
  if (fitting.length === 0) return `IT FITS NOWHERE: on none of ${nodesWords(fits.length)}.`;
  return `It fits on ${fitting.length} of ${nodesWords(fits.length)}: ${fitting.map(({ node: name }) => name).join(", ")}.`;
}

function deploymentAnswer(found: Explained): string {
  const { replicas } = found;
  if (replicas === null) return "";
  const { wanted, placed, more } = replicas;
  const has = `${placed} of ${wanted} ${wanted === 1 ? "replica is" : "replicas are"} on a node`;
  if (hasClaimsOnly(found)) return `${has}; how many more fit is not looked at here.`;
  if (more === null) return `${has}; as far as bandwidth goes, any number fits.`;
  const missing = Math.max(0, wanted - placed);
  const rest = `${more} more ${more === 1 ? "fits" : "fit"} now`;
  return missing > more ? `NOT ALL FIT: ${has}; ${rest}.` : `${has}; ${rest}.`;
}

function answer(found: Explained): string {
  const { kind, namespace, name, asking } = found;
  const who = `${kind === "pod" ? "Pod" : "Deployment"} ${namespace}/${name}`;
  if (asking.kind === "refused") return `${who} WOULD BE REFUSED: ${asking.words}`;
  const fitting = found.fits.filter(({ fits }) => fits);
  const each = kind === "pod" ? "asks for" : "asks for each pod for";
  const rest = kind === "pod" ? podAnswer(found, fitting) : deploymentAnswer(found);
  return `${who} ${each} ${askWords(found)}. ${rest}`;
}

const freeWords = (mbps: number | null): string => (mbps === null ? "-" : String(mbps));

function fitsWords({ fits, pods }: NodeFit): string {
  if (!fits) return "no";
  return pods === null || pods === 1 ? "yes" : `${pods} pods`;
}

function table(fits: readonly NodeFit[], width: Columns): string[] {
  const rows = fits.map((fit) => [
    fit.node,
    fitsWords(fit),
    ...directions.map((direction) => freeWords(fit.freeMbps[direction])),
  ]);
  const laid = layOut(columns, rows, width);
  const titles = columns.map(({ title }) => title);
  const lineOf = (row: readonly string[]): string[] =>
    laid === null
      ? row.flatMap((cell, at) => wrapped(`${titles[at]} ${cell}`, width))
      : [rowLine(laid, row)];
  return [
    ...(laid === null ? [] : lineOf(titles)),
    ...fits.flatMap((fit, at) => {
      const why = fit.whyNot.join("; ");
      const indent = width === null ? null : Math.max(1, width - 2);
      return [
        ...lineOf(rows[at] ?? []),
        ...(why === "" ? [] : wrapped(why, indent).map((line) => `  ${line}`)),
      ];
    }),
  ];
}

const legend =
  "EGRESS, INGRESS: what the scheduler can still give there, in Mbit/s. Processors, memory, volumes and rules about other pods are not looked at here.";

export function renderExplained(found: Explained, width: Columns): string {
  const fold = (line: string): string[] => wrapped(line, width);
  const { fits, scheduler, advice } = found;
  const lines = [
    ...fold(answer(found)),
    ...advice.flatMap((words) => fold(`-> ${words}`)),
    ...(scheduler === null ? [] : fold(`The scheduler says: ${scheduler}`)),
    ...(fits.length === 0 || hasClaimsOnly(found)
      ? []
      : ["", ...table(fits, width), "", ...fold(legend)]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Of what `--json` prints. */
const explainSchemaVersion = 1;

export const explainAsData = (found: Explained) => ({
  schemaVersion: explainSchemaVersion,
  ...found,
});
