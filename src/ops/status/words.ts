/** Writes measured figures for a person, with three digits, since more would be noise. */
import { unknownWords } from "../../measure/counters.ts";
import type { Kept, Measured } from "../../measure/measure.ts";

const rateUnits: [number, string][] = [
  [1e9, "Gbit/s"],
  [1e6, "Mbit/s"],
  [1e3, "kbit/s"],
  [1, "bit/s"],
];

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function rateWords(bits: number): string {
  // What rounds to 1000 of a unit is written as 1 of the next.
  const [unit, name] = rateUnits.find(([each]) => bits >= each * 0.9995) ?? [1, "bit/s"];
  return `${digits(bits / unit)}${name}`;
}

/** Writes Mbit/s without the unit, which stands in the heading. */
export function mbitWords(bits: number): string {
  const mbit = bits / 1e6;
  if (mbit === 0) return "0";
  return mbit < 0.01 ? "<0.01" : digits(mbit);
}

export function delayWords(us: number | null): string {
  if (us === null) return "no end";
  if (us < 1) return us === 0 ? "0" : "<1us";
  if (us < 999.5) return `${digits(us)}us`;
  return us < 999_500 ? `${digits(us / 1e3)}ms` : `${digits(us / 1e6)}s`;
}

export function promiseWords({ state, belowShare, judgedSeconds }: Kept): string {
  switch (state) {
    case "none":
      return "-";
    case "kept":
      return "kept";
    case "noDemand":
      return "no demand";
    case "tooShort":
      return "demand too short to tell";
    case "below":
      return `BELOW for ${digits((belowShare ?? 0) * 100)}% of ${digits(judgedSeconds)} s of demand`;
  }
}

export const measuredHeader = ["RATE", "PACKETS/S", "QUEUED", "DELAY", "DROPPED", "PROMISE"];

/** The cells below `measuredHeader`. */
export function measuredCells(measured: Measured): string[] {
  if (!measured.known) return [unknownWords[measured.why], "-", "-", "-", "-", "unknown"];
  return [
    rateWords(measured.rateBits),
    digits(measured.packetsPerSecond),
    `${Math.round(measured.backlogBytesMean)} B`,
    delayWords(measured.queueDelayUs),
    measured.drops === null ? "unknown" : String(measured.drops),
    promiseWords(measured.promise),
  ];
}

/** Says what a pod did; it stands after the pod's name. */
export function violationWords(packets: number): string {
  return packets === 1
    ? "sent 1 frame that is not its own, dropped"
    : `sent ${packets} frames that are not its own, all dropped`;
}
