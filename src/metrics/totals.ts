/**
 * Adds up what the looks at the classes find, by what the series are labelled with. A series ends with the last of its
 * attachments. It has no clock and asks nobody.
 */
import type { Sample } from "../measure/counters.ts";
import { queueDelayUs } from "../measure/measure.ts";
import type { PromisedClass } from "../node/facts/promised-classes.ts";
import type { Counters } from "../plan/counters.ts";
import { attachmentName } from "../plan/node.ts";
import { ClassFollow, type Since, type Waited } from "./class-follow.ts";
import type { MetricName, Value } from "./described.ts";
import type { Detail } from "./detail.ts";

/** What a look found: the counters of a class, and those of the queue below it. null means that it is not there. */
export interface LookAt {
  classOf(promised: PromisedClass): Counters | null;
}
export interface QueueLook {
  queueOf(promised: PromisedClass): Counters | null;
}

interface Follower {
  promised: PromisedClass;
  series: string;
  follow: ClassFollow;
}

interface Series {
  labels: Readonly<Record<string, string>>;
  passed: Since;
  drops: number;
}

const nothingPassed: Since = { bytes: 0, packets: 0, demandSeconds: 0, belowSeconds: 0 };

const added = (a: Since, b: Since): Since => ({
  bytes: a.bytes + b.bytes,
  packets: a.packets + b.packets,
  demandSeconds: a.demandSeconds + b.demandSeconds,
  belowSeconds: a.belowSeconds + b.belowSeconds,
});

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** A pod that the runtime told no name of has none here either. */
function labelsOf({ row, direction }: PromisedClass, detail: Detail): Series["labels"] {
  const namespace = row.podName === null ? "" : (row.podNamespace ?? "default");
  const pod = detail === "pods" ? (row.podName ?? "") : "";
  return { namespace, pod, direction, tier: row.promise.tier ?? "" };
}

const nameOf = ({ row, direction }: PromisedClass): string => `${attachmentName(row)} ${direction}`;

const waitedOf = (followers: readonly Follower[]): Waited => {
  const waited = followers.map(({ follow }) => follow.waited);
  return {
    byteSeconds: total(waited.map(({ byteSeconds }) => byteSeconds)),
    bytes: total(waited.map(({ bytes }) => bytes)),
  };
};

/** All of them have one, or there is none for them together. */
function limitOf(followers: readonly Follower[]): number | null {
  const limits = followers.map(({ promised }) => promised.limitBits);
  const known = limits.filter((bits) => bits !== null);
  return known.length === limits.length ? total(known) : null;
}

export class Totals {
  readonly #detail: Detail;
  #followers = new Map<string, Follower>();
  #series = new Map<string, Series>();

  constructor(detail: Detail) {
    this.#detail = detail;
  }

  get classes(): PromisedClass[] {
    return [...this.#followers.values()].map(({ promised }) => promised);
  }

  /** Each class beside what follows it. */
  get followed(): readonly Pick<Follower, "promised" | "follow">[] {
    return [...this.#followers.values()];
  }

  /** Whether packets wait in the class of anybody who was promised something. */
  get isAnyWaiting(): boolean {
    return [...this.#followers.values()].some(
      ({ promised, follow }) => promised.guaranteeBits > 0 && (follow.backlogBytes ?? 0) > 0,
    );
  }

  /** These are the node's classes from now on. */
  setClasses(all: readonly PromisedClass[]): void {
    const before = this.#followers;
    const series = this.#series;
    this.#followers = new Map();
    this.#series = new Map();
    for (const promised of all) {
      const labels = labelsOf(promised, this.#detail);
      const key = JSON.stringify(labels);
      const { follow } = before.get(nameOf(promised)) ?? { follow: new ClassFollow() };
      this.#followers.set(nameOf(promised), { promised, series: key, follow });
      const known = this.#series.get(key) ?? series.get(key);
      this.#series.set(key, known ?? { labels, passed: nothingPassed, drops: 0 });
    }
  }

  look(atMs: number, looked: LookAt): void {
    for (const { promised, series, follow } of this.#followers.values()) {
      const sample: Sample = { atMs, counters: looked.classOf(promised) };
      const since = follow.look(sample, promised.guaranteeBits);
      const found = this.#series.get(series);
      if (found !== undefined) found.passed = added(found.passed, since);
    }
  }

  /** HTB counts only what a queue refuses, so the queue's own count is the whole one. */
  lookAtQueues(looked: QueueLook): void {
    for (const { promised, series, follow } of this.#followers.values()) {
      const drops = follow.drop(looked.queueOf(promised)?.drops ?? null);
      const found = this.#series.get(series);
      if (found !== undefined) found.drops += drops;
    }
  }

  values(): Partial<Record<MetricName, Value[]>> {
    const followers = Map.groupBy(this.#followers.values(), ({ series }) => series);
    const all = [...this.#series].map(([key, series]) => ({
      ...series,
      followers: followers.get(key) ?? [],
    }));
    type One = (typeof all)[number];
    const each = (numberOf: (one: One) => number | null): Value[] =>
      all.flatMap((one) => {
        const value = numberOf(one);
        return value === null ? [] : [{ labels: one.labels, value }];
      });
    return {
      fairway_pod_bytes_total: each(({ passed }) => passed.bytes),
      fairway_pod_packets_total: each(({ passed }) => passed.packets),
      fairway_pod_drops_total: each(({ drops }) => drops),
      fairway_pod_backlog_bytes: each((one) =>
        total(one.followers.map(({ follow }) => follow.backlogBytes ?? 0)),
      ),
      fairway_pod_queue_delay_seconds: each((one) => {
        const { byteSeconds, bytes } = waitedOf(one.followers);
        // Mean backlog by throughput: the length of the window is in both.
        const delayUs = queueDelayUs(byteSeconds, bytes);
        return delayUs === null ? null : delayUs / 1e6;
      }),
      fairway_pod_guarantee_bytes_per_second: each(
        (one) => total(one.followers.map(({ promised }) => promised.guaranteeBits)) / 8,
      ),
      fairway_pod_limit_bytes_per_second: each(({ followers: of }) => {
        const bits = limitOf(of);
        return bits === null ? null : bits / 8;
      }),
      fairway_pod_demand_seconds_total: each(({ passed }) => passed.demandSeconds),
      fairway_pod_guarantee_missed_seconds_total: each(({ passed }) => passed.belowSeconds),
    };
  }
}
