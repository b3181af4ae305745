/** The points of a verb at which something can fail, and in which ways. */
import { readFileSync } from "node:fs";
import type { EffectKind } from "../../../src/effect-kind.ts";
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

/**
 * A death after an effect is one before the next, since between two of them nothing happens; so "after" is
 * asked for where the next may be none, or another process's. A question changes nothing at all.
 */
const byKind: Record<Exclude<EffectKind, "ledger">, readonly Fault[]> = {
  kernel: ["refused", "refused-for-good", "unanswered", "kill-before"],
  look: ["no-answer"],
  child: ["no-process", "signal", "timeout", "kill-after"],
  file: ["no-space", "kill-after"],
};

/** A lock is waited for where a transaction begins; a disk is written to where it ends. */
function ofLedger(what: string): readonly Fault[] {
  if (/^(BEGIN|PRAGMA|OPEN)/.test(what)) return ["busy", "kill-before"];
  if (/^COMMIT/.test(what)) return ["full", "io-error", "kill-before", "kill-after"];
  return ["full", "kill-before"];
}

export const faultsAt = ({ kind, what }: Point): readonly Fault[] =>
  kind === "ledger" ? ofLedger(what) : byKind[kind];
