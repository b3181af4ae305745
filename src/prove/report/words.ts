import { formatRate } from "../../config/quantities.ts";
import type { Mode, ProveResult, ScenarioResult, Verdict } from "../engine/result.ts";
import type { ScenarioPod } from "../engine/scenario.ts";
import { FRAME_BYTES, TCP_PAYLOAD_BYTES } from "../judge/statistics.ts";

/** Writes for example "194.0" for 193.96 Mbit/s; the unit stands in the row's label. */
export function megabits(bits: number): string {
  return (bits / 1e6).toFixed(1);
}

/** Writes a latency with three significant digits, in the unit that fits. */
export function latency(us: number | null): string {
  if (us === null) return "lost";
  if (us < 1000) return `${Number(us.toPrecision(us < 100 ? 2 : 3))} us`;
  return `${Number((us / 1000).toPrecision(3))} ms`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** Writes for example "1.4x" or "174x". */
export function times(ratio: number | null): string {
  if (ratio === null) return "beyond measure";
  return `${ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)}x`;
}

export const modeTitles: Record<Mode, string> = {
  noQos: "no QoS",
  fairway: "Fairway",
  bandwidth: "bandwidth plugin",
};

/** The modes of a scenario's measurements, in the order of the columns. */
export const modesOf = ({ modes }: ScenarioResult): Mode[] =>
  (["noQos", "bandwidth", "fairway"] as const).filter((mode) => modes[mode] !== undefined);

const mostNamed = 3;

/**
 * Writes for example "steady asks for egress-guarantee 194M; noisy asks for nothing". Pods that ask for the
 * same stand together.
 */
function podsText(pods: readonly ScenarioPod[]): string {
  const groups = Map.groupBy(pods, ({ asks }) =>
    Object.entries(asks)
      .map(([key, value]) => `${key} ${value}`)
      .join(", "),
  );
  return [...groups]
    .map(([asks, { length }]) => [asks, length, groups.get(asks) ?? []] as const)
    .map(([asks, count, named]) => {
      const who = count > mostNamed ? `${count} pods` : named.map(({ name }) => name).join(" and ");
      return `${who} ${count > 1 ? "ask" : "asks"} for ${asks === "" ? "nothing" : asks}`;
    })
    .join("; ");
}

/** Says what was measured, and on what. */
export const setupText = ({ wireBits, capacityBits, pods }: ScenarioResult): string =>
  `One node, a wire of ${formatRate(wireBits)}bit/s and a remote host, all in network namespaces of one ` +
  `machine; the uplink's capacity is ${formatRate(capacityBits)}bit/s. Of the pods ${podsText(pods)}. ` +
  "Without QoS the same pods run on the same node with both trees removed.";

/** Says what the probers measure. */
export const latencyNote =
  "Latency is the round trip of a UDP request and its answer in the network, by the kernels' time " +
  "stamps: from the sender's device until the answer is there, without the time that the other " +
  "end's process held it.";

/** These notes say how to read the numbers. */
export const notes: readonly string[] = [
  "Rates are Ethernet frames, as HTB counts them: TCP payload at the receiver " +
    `x ${FRAME_BYTES}/${TCP_PAYLOAD_BYTES}.`,
  `${latencyNote} An unanswered request ranks above all others.`,
  "On ingress the wire's own queue stands before Fairway's: the latency there is shown, not judged.",
  "Without QoS nothing holds the sum at the capacity, only the wire does.",
];

/** Names and values, in the order in which they are shown. */
export function environmentFacts({
  environment,
  startedAt,
  tookSeconds,
  bandwidthPlugin,
}: ProveResult): [string, string][] {
  return [
    ["date", `${startedAt.slice(0, 16).replace("T", " ")} UTC`],
    ["took", `${tookSeconds.toFixed(0)} s`],
    ["processors", `${environment.cores} x ${environment.processor}`],
    ["memory", `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["kernel", environment.kernel],
    ["TCP congestion control", environment.congestionControl],
    ...environment.versions.map(({ name, version }): [string, string] => [name, version]),
    ...(bandwidthPlugin === null
      ? []
      : [["reference bandwidth plugin", bandwidthPlugin] satisfies [string, string]]),
  ];
}

export const verdictTexts: Record<Verdict, string> = {
  passed: "The promises were kept.",
  failed: "A promise was not kept.",
  inconclusive: "The machine limited this run: it says nothing about Fairway.",
};
