/** Writes what was measured of a class for a person. */
import { unknownWords } from "../../measure/counters.ts";
import type { Kept, Measured } from "../../measure/measure.ts";
import { delayWords, digits, rateWords } from "../../measure/words.ts";

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
