/** Counts what happens in an agent: verbs and how long they took, drift. Pure: times are arguments. */
import type { MetricName, Value } from "./described.ts";

/** In seconds. A verb of the agent's takes some milliseconds; a runtime gives up after minutes. */
export const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

const ways = ["agent", "process"] as const;
export type Way = (typeof ways)[number];

const verbs = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"] as const;

/** A histogram without its name: how many were at most so long, for each bucket; all; the sum of seconds. */
export interface Histogram {
  labels: Readonly<Record<"verb" | "way", string>>;
  atMost: number[];
  count: number;
  sumSeconds: number;
}

/** What a look found, or a repair put back. */
export interface Drifted {
  key: string;
  /** The kind of kernel object. */
  kind: string;
}

export class Happenings {
  readonly #durations = new Map<string, Histogram>();
  readonly #found: Map<string, number>;
  readonly #repaired: Map<string, number>;
  /** What the last look at each part found: only what is new counts. */
  readonly #last = new Map<string, ReadonlySet<string>>();
  #fights = 0;

  /** `kinds` are those of which there may be drift: a series that begins with its first event hides that event. */
  constructor(kinds: readonly string[]) {
    this.#found = new Map(kinds.map((kind) => [kind, 0]));
    this.#repaired = new Map(this.#found);
  }

  verb(verb: string, way: Way, seconds: number): void {
    // A caller may name anything, and each name would be a series for good.
    const known = verbs.some((each) => each === verb) ? verb : "other";
    const key = `${known} ${way}`;
    const histogram = this.#durations.get(key) ?? {
      labels: { verb: known, way },
      atMost: durationBuckets.map(() => 0),
      count: 0,
      sumSeconds: 0,
    };
    this.#durations.set(key, {
      ...histogram,
      atMost: histogram.atMost.map((count, at) =>
        seconds <= (durationBuckets[at] ?? 0) ? count + 1 : count,
      ),
      count: histogram.count + 1,
      sumSeconds: histogram.sumSeconds + seconds,
    });
  }

  /** All that a look at a part of the node found, also if that is nothing. */
  found(part: string, all: readonly Drifted[]): void {
    const before = this.#last.get(part) ?? new Set();
    this.#last.set(part, new Set(all.map(({ key }) => key)));
    for (const { key, kind } of all) if (!before.has(key)) count(this.#found, kind);
  }

  repaired(all: readonly Drifted[]): void {
    for (const { key, kind } of all) {
      count(this.#repaired, kind);
      // What comes back is found anew.
      for (const [part, keys] of this.#last) this.#last.set(part, without(keys, key));
    }
  }

  fights(number: number): void {
    this.#fights += number;
  }

  get durations(): readonly Histogram[] {
    return [...this.#durations.values()];
  }

  values(): Partial<Record<MetricName, Value[]>> {
    const byKind = (counts: ReadonlyMap<string, number>): Value[] =>
      [...counts].map(([kind, value]) => ({ labels: { kind }, value }));
    return {
      fairway_drift_found_total: byKind(this.#found),
      fairway_drift_repaired_total: byKind(this.#repaired),
      fairway_drift_fights_total: [{ labels: {}, value: this.#fights }],
    };
  }
}

function count(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

const without = (keys: ReadonlySet<string>, key: string): ReadonlySet<string> =>
  new Set([...keys].filter((each) => each !== key));
