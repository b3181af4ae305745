/** What the bench writes as JSON: every single value, in the order in which it was taken. */
import type { Environment } from "../../src/prove/engine/result.ts";

export type Unit = "ms" | "us" | "Gbit/s" | "CPU s/GB" | "MiB" | "%" | "count";

/** The i-th values of all series of a part were taken in the same round. */
export interface Series {
  what: string;
  side: string;
  unit: Unit;
  values: number[];
}

export interface PartRun {
  startedAtMs: number;
  tookSeconds: number;
  /** Of the executable that was measured: SHA-256, the first twelve digits. */
  build: string;
  series: Series[];
  /** What a reader has to know of this run: what could not be measured, and why. */
  notes: string[];
}

export interface BenchResult {
  environment: Environment;
  parts: Partial<Record<string, PartRun[]>>;
}

/** Collects values under their names, in the order of their first coming. */
export class Recorder {
  readonly series: Series[] = [];
  readonly notes: string[] = [];

  add(what: string, side: string, unit: Unit, value: number): void {
    const known = this.series.find((s) => s.what === what && s.side === side);
    if (known !== undefined) known.values.push(value);
    else this.series.push({ what, side, unit, values: [value] });
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }
}
