import { formatDuration } from "../config/quantities.ts";
import { type Direction, directions } from "../plan/node.ts";
import { slowdown, utilisation } from "./judge.ts";
import type { Criterion, Judgement, LatencyRun, Mode, ModeResult, ProveResult } from "./result.ts";
import { FRAME_BYTES, TCP_PAYLOAD_BYTES } from "./statistics.ts";

/** 193.96 Mbit/s; the unit stands in the row's label. */
export function megabits(bits: number): string {
  return (bits / 1e6).toFixed(1);
}

/** A latency with three significant digits, in the unit that fits. */
export function latency(us: number | null): string {
  if (us === null) return "lost";
  if (us < 1000) return `${Number(us.toPrecision(us < 100 ? 2 : 3))} us`;
  return `${Number((us / 1000).toPrecision(3))} ms`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** 1.4 times, 174 times. */
export function times(ratio: number | null): string {
  if (ratio === null) return "beyond measure";
  return `${ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)}x`;
}

export const directionTitles: Record<Direction, string> = {
  egress: "Egress: from the pods to the remote host",
  ingress: "Ingress: from the remote host to the pods",
};

export const modeTitles: Record<Mode, string> = { noQos: "no QoS", fairway: "Fairway" };

export interface SummaryRow {
  label: string;
  values: Record<Mode, string>;
}

export interface SummarySection {
  title: string;
  rows: SummaryRow[];
}

/** The comparison, side by side: what the table and the report show. */
export function summary(result: ProveResult): SummarySection[] {
  const { settings, modes } = result;
  const row = (label: string, value: (mode: ModeResult) => string): SummaryRow => ({
    label,
    values: { noQos: value(modes.noQos), fairway: value(modes.fairway) },
  });
  const promise = `${megabits(settings.guaranteeBits)} promised`;
  return [
    {
      title: "Idle",
      rows: [
        row("steady pod: request-response, p50 / p99", ({ idle }) => percentiles(idle)),
        row(seenLabel, ({ idle }) => latency(idle.seenP50Us)),
      ],
    },
    ...directions.map((direction) => ({
      title: directionTitles[direction],
      rows: [
        row(`steady pod: throughput, Mbit/s (${promise})`, (mode) => {
          const { steadyBits } = mode[direction].throughput;
          return `${megabits(steadyBits)} (${percent(steadyBits / settings.guaranteeBits)})`;
        }),
        row("noisy pod: throughput, Mbit/s", (mode) =>
          megabits(mode[direction].throughput.noisyBits),
        ),
        row("both together, of the capacity", (mode) =>
          percent(utilisation(mode, direction, settings)),
        ),
        row("steady pod: request-response beside the noisy pod, p50 / p99", (mode) =>
          percentiles(mode[direction].loaded),
        ),
        row(seenLabel, (mode) => latency(mode[direction].loaded.seenP50Us)),
        row("its p50 against idle", (mode) => times(slowdown(mode, direction))),
        row(
          "its requests lost",
          ({ [direction]: { loaded } }) => `${loaded.lost} of ${loaded.requests}`,
        ),
        row("noisy pod meanwhile, Mbit/s", (mode) => megabits(mode[direction].loaded.noisyBits)),
      ],
    })),
  ];
}

const seenLabel = "as its process sees it, p50";

function percentiles({ p50Us, p99Us }: LatencyRun): string {
  return `${latency(p50Us)} / ${latency(p99Us)}`;
}

const criterionTexts: Record<Criterion, string> = {
  guarantee: "Fairway: the steady pod's throughput, of its promise",
  latencyWithFairway: "Fairway: the steady pod's loaded p50, against idle",
  latencyWithoutQos: "no QoS: the steady pod's loaded p50, against idle",
  utilisation: "Fairway: both pods together, of the capacity",
};

export interface CheckText {
  what: string;
  measured: string;
  wanted: string;
}

export function checkText({
  criterion,
  direction,
  measured,
  comparison,
  wanted,
}: Judgement): CheckText {
  const isLatency = criterion === "latencyWithFairway" || criterion === "latencyWithoutQos";
  return {
    what: `${criterionTexts[criterion]} (${direction})`,
    measured: isLatency ? times(measured) : percent(measured ?? 0),
    wanted: `${comparison} ${isLatency ? `${wanted}x` : `${wanted * 100}%`}`,
  };
}

/** What was measured, on what. */
export function setupText({ settings }: ProveResult): string {
  return (
    `One node, a wire of ${megabits(settings.wireBits)} Mbit/s and a remote host, all in network ` +
    `namespaces of one machine; the uplink's capacity is ${megabits(settings.capacityBits)} Mbit/s. ` +
    `The steady pod is promised ${megabits(settings.guaranteeBits)} Mbit/s in each direction and ` +
    `has a latency target of ${formatDuration(settings.latencyTargetUs)}; it opens ` +
    `${settings.steadyFlows} TCP flows. The noisy pod has no promise and opens ` +
    `${settings.noisyFlows}. Without QoS the same pods run on the same ` +
    "node with both trees removed."
  );
}

/** What the probers measure. */
export const latencyNote =
  "Latency is the round trip of a UDP request and its answer in the network, by the kernels' time " +
  "stamps: from the sender's device until the answer is there, without the time that the other " +
  "end's process held it. What the processes see is longer by the time that they wait for a processor.";

/** How to read the numbers. */
export const notes: readonly string[] = [
  "Rates are Ethernet frames, as HTB counts them: TCP payload at the receiver " +
    `x ${FRAME_BYTES}/${TCP_PAYLOAD_BYTES}.`,
  `${latencyNote} An unanswered request ranks above all others.`,
  "On ingress the wire's own queue stands before Fairway's: the latency there is shown, not judged.",
  "Without QoS nothing holds the sum at the capacity, only the wire does.",
];

/** Name and value, in the order to show them. */
export function environmentFacts({
  environment,
  settings,
  startedAt,
  tookSeconds,
}: ProveResult): [string, string][] {
  return [
    ["date", `${startedAt.slice(0, 16).replace("T", " ")} UTC`],
    ["took", `${tookSeconds.toFixed(0)} s (${settings.seconds} s for each figure)`],
    ["processors", `${environment.cores} x ${environment.processor}`],
    ["memory", `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["kernel", environment.kernel],
    ["TCP congestion control", environment.congestionControl],
    ...environment.versions.map(({ name, version }): [string, string] => [name, version]),
  ];
}

export const verdictTexts: Record<ProveResult["verdict"], string> = {
  passed: "The promises were kept.",
  failed: "A promise was not kept.",
  inconclusive: "The machine limited this run: it says nothing about Fairway.",
};
