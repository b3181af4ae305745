/** Writes `status --wide`. */
import { formatDuration, formatRate } from "../../config/quantities.ts";
import { unknownWords } from "../../measure/counters.ts";
import { rateWords } from "../../measure/words.ts";
import type { Pool } from "../../node/addresses/leases.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { classRows, nameOfPod, type SortKey, sorted } from "./class-rows.ts";
import { headlineOf } from "./headline.ts";
import type { DirectionStatus, NodeStatus, PodStatus, TreeStatus } from "./model.ts";
import { nodeRemarks, podRemarks } from "./remarks.ts";
import { measuredCells, measuredHeader, promiseWords } from "./words.ts";

const bit = (bits: number): string => `${formatRate(bits)}bit/s`;

const promisedAndNow = (promised: number, now: number): string =>
  now === promised ? bit(promised) : `${bit(promised)}, now ${bit(now)}`;

export function table(rows: string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const podHeader = ["POD", "ADDRESS", "CLASS", "", "GUARANTEE", "LIMIT", "LATENCY", "IN KERNEL"];
const countedHeader = ["SENT", "DROPPED", "QUEUED"];

function countedCells(kernel: DirectionStatus["kernel"]): string[] {
  if (kernel === null) return ["-", "-", "-"];
  return [`${kernel.bytes} B`, String(kernel.drops), `${kernel.backlogBytes} B`];
}

/** On ingress packets have waited on the wire before they come, so a target only gives precedence there. */
function latencyText(
  { latencyTargetUs, boundUs, ...pod }: PodStatus,
  direction: Direction,
): string {
  if (latencyTargetUs === null || pod[direction].guaranteeBits === 0) return "-";
  if (direction === "ingress") return "first";
  const bound = boundUs === null ? "" : ` (bound ${formatDuration(Math.ceil(boundUs))})`;
  return `${formatDuration(latencyTargetUs)}${bound}`;
}

function podRows(pod: PodStatus): string[][] {
  return directions.map((direction) => {
    const { guaranteeBits, limitBits, currentGuaranteeBits, currentLimitBits, kernel, measured } =
      pod[direction];
    return [
      nameOfPod(pod),
      pod.addresses.join(","),
      pod.classid,
      direction,
      guaranteeBits === 0 ? "best effort" : promisedAndNow(guaranteeBits, currentGuaranteeBits),
      limitBits === null ? "none" : promisedAndNow(limitBits, currentLimitBits ?? limitBits),
      latencyText(pod, direction),
      kernel === null
        ? "MISSING"
        : `${formatRate(kernel.rateBits)}..${formatRate(kernel.ceilBits)}`,
      ...(measured === null ? countedCells(kernel) : measuredCells(measured)),
    ];
  });
}

const treeHeader = ["TREE", "DEVICE", "CAPACITY", "RESERVE", "PROMISED TO PODS"];

function totalWords({ measured, capacityBits }: TreeStatus): string {
  if (measured === null) return "-";
  if (!measured.known) return unknownWords[measured.why];
  const share = (measured.rateBits / capacityBits) * 100;
  return `${rateWords(measured.rateBits)} (${share.toFixed(0)}%)`;
}

/** Says what the host's own class has. */
function hostWords(host: DirectionStatus | null): string {
  if (host === null) return "none";
  const { kernel, measured, guaranteeBits } = host;
  const promised = `guarantee ${bit(guaranteeBits)}`;
  if (kernel === null) return `${promised}, MISSING`;
  if (measured === null) return `${promised}, ${kernel.bytes} B sent`;
  if (!measured.known) return `${promised}, ${unknownWords[measured.why]}`;
  return `${promised}, ${rateWords(measured.rateBits)}, ${promiseWords(measured.promise)}`;
}

function treeRow(tree: TreeStatus): string[] {
  return [
    tree.direction,
    tree.dev,
    bit(tree.capacityBits),
    bit(tree.reserveBits),
    promisedAndNow(tree.promisedBits, tree.currentBits),
    totalWords(tree),
    hostWords(tree.host),
  ];
}

const poolHeader = ["NETWORK", "ADDRESSES", "GIVEN"];

function poolRow({ network, ranges, given, total }: Pool): string[] {
  const isFull = BigInt(given) >= BigInt(total);
  return [network, ranges, `${given} of ${total}${isFull ? " FULL" : ""}`];
}

const legend = [
  "rates count Ethernet frames (IP packet + 14 bytes); guarantees and limits cover the uplink, not pod to pod on one node",
  "latency targets are admitted on egress; on ingress they give precedence only",
];
const measuredLegend = [
  "no demand: less than the guarantee was sent, and nothing more waited to be sent; delay: mean backlog / throughput, in this queue only",
];

/** Writes all of it, the numbers of the kernel too, however wide that is. */
export function renderWide(status: NodeStatus, sort: SortKey): string {
  const { trees, intervalSeconds } = status;
  const rows = sorted(classRows(status), sort);
  const places = new Map(rows.map(({ name }, i) => [name, i] as const).toReversed());
  const place = (pod: PodStatus): number => places.get(nameOfPod(pod)) ?? rows.length;
  const pods = status.pods.toSorted((a, b) => place(a) - place(b));
  const measured = intervalSeconds !== null;
  const lines = [headlineOf(status, rows).text];
  if (trees.length > 0) {
    const total = measured ? `MEASURED, ${Number(intervalSeconds.toFixed(2))} s` : "MEASURED";
    lines.push(...table([[...treeHeader, total, "HOST CLASS"], ...trees.map(treeRow)]));
  }
  const header = [...podHeader, ...(measured ? measuredHeader : countedHeader)];
  if (pods.length > 0) lines.push("", ...table([header, ...pods.flatMap(podRows)]), "");
  lines.push(...podRemarks(status));
  if (pods.length > 0) lines.push(...legend, ...(measured ? measuredLegend : []));
  if (status.pools.length > 0) lines.push("", ...table([poolHeader, ...status.pools.map(poolRow)]));
  lines.push(...nodeRemarks(status, status.drift));
  return `${lines.join("\n")}\n`;
}
