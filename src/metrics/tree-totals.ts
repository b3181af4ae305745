/** Adds up what left by the trees' roots, and what of it no pod and no host class claimed. Pure. */
import { passed } from "../measure/counters.ts";
import type { Counters } from "../plan/counters.ts";
import { type Direction, directions } from "../plan/node.ts";
import type { MetricName, Value } from "./described.ts";

/** null means that it is not there. */
export interface TreeLook {
  /** The queue at the root of the device. */
  root: Counters | null;
  /** HTB's class above all others. What is sent without a class does not pass it. */
  whole: Counters | null;
  /** The host's own class, which has what nobody claims; only the egress tree has one. */
  host: Counters | null;
}

const parts = ["root", "whole", "host"] as const;

interface Sums {
  root: number;
  whole: number;
  host: number;
  /** It never goes down, though the three are not read in one moment. */
  unclassified: number;
}

export class TreeTotals {
  readonly #last = new Map<Direction, TreeLook>();
  readonly #sums = new Map<Direction, Sums>();

  look(direction: Direction, now: TreeLook): void {
    const before = this.#last.get(direction);
    const sums = this.#sums.get(direction) ?? { root: 0, whole: 0, host: 0, unclassified: 0 };
    const next = { ...sums };
    for (const part of parts) {
      const [was, is] = [before?.[part] ?? null, now[part]];
      if (is !== null) next[part] += (was === null ? null : passed(was, is)?.bytes) ?? is.bytes;
    }
    const unclaimed = now.host === null ? next.root - next.whole : next.host;
    next.unclassified = Math.max(sums.unclassified, unclaimed);
    this.#last.set(direction, now);
    this.#sums.set(direction, next);
  }

  values(): Partial<Record<MetricName, Value[]>> {
    const each = (part: "root" | "unclassified"): Value[] =>
      directions.flatMap((direction) => {
        const sums = this.#sums.get(direction);
        return sums === undefined ? [] : [{ labels: { direction }, value: sums[part] }];
      });
    return {
      fairway_tree_bytes_total: each("root"),
      fairway_tree_unclassified_bytes_total: each("unclassified"),
    };
  }
}
