/** The points of a verb at which something can fail, and in which ways. */
import { readFileSync } from "node:fs";
import type { EffectKind } from "../../../src/effect.ts";
import type { Fault } from "../../../src/faults.ts";

export interface Point {
  /** From 1. */
  at: number;
  kind: EffectKind;
  what: string;
}

/** What a run wrote down of its effects. */
export function readPoints(log: string): Point[] {
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line, index) => {
      const [kind = "", what = ""] = line.split("\t");
      return { at: index + 1, kind: kind as EffectKind, what };
    });
}

export const isKill = (fault: Fault): boolean => fault.startsWith("kill");

/** A question changes nothing, so a death at it is one between the effects beside it. */
const byKind: Record<Exclude<EffectKind, "ledger">, readonly Fault[]> = {
  kernel: ["refused", "refused-for-good", "kill-before", "kill-after"],
  look: ["no-answer"],
  child: ["no-process", "signal", "timeout", "kill-after"],
  file: ["no-space", "kill-before", "kill-after"],
};

/** A lock is waited for where a transaction begins; a disk is written to where it ends. */
function ofLedger(what: string): readonly Fault[] {
  if (/^(BEGIN|PRAGMA)/.test(what)) return ["busy", "io-error", "kill-before", "kill-after"];
  if (/^COMMIT/.test(what)) return ["full", "io-error", "kill-before", "kill-after"];
  return ["full", "kill-before"];
}

export const faultsAt = ({ kind, what }: Point): readonly Fault[] =>
  kind === "ledger" ? ofLedger(what) : byKind[kind];
