/** Follows one class from look to look: what passed since the look before, and how long that waited. Pure. */
import { increase32, passed, type Sample, type Seen } from "../measure/counters.ts";
import type { Demand } from "../measure/demand.ts";
import { followDemand, type Run } from "../measure/follow-demand.ts";

/** What came since the look before. */
export interface Since {
  bytes: number;
  packets: number;
  demandSeconds: number;
  belowSeconds: number;
}

/** What waited and what passed, summed up since the first look. */
interface Point {
  atMs: number;
  byteSeconds: number;
  bytes: number;
}

const windowMs = 10_000;
const betweenPointsMs = 1_000;
/** A rate is told over the shortest time that is at least so long, and that a person sees change. */
const rateWindowMs = 2_000;

/** Sums over the window, of which a delay is made (queueDelayUs of measure). */
export interface Waited {
  byteSeconds: number;
  bytes: number;
}

/** What was said of demand last, and when. */
export interface Judged extends Demand {
  atMs: number;
}

export class ClassFollow {
  #last: Seen | null = null;
  #run: Run = [];
  #drops: number | null = null;
  #sum: Point = { atMs: 0, byteSeconds: 0, bytes: 0 };
  #points: Point[] = [];
  #waitingSinceMs: number | null = null;
  #judged: Judged | null = null;

  /** What waits at the last look; null means that there is no such class. */
  get backlogBytes(): number | null {
    return this.#last?.counters.backlogBytes ?? null;
  }

  /** Since which look every look found packets waiting; null means that the last one found none. */
  get waitingSinceMs(): number | null {
    return this.#waitingSinceMs;
  }

  /** What was said last of demand that was long enough to be judged; null means that there was none. */
  get judged(): Judged | null {
    return this.#judged;
  }

  /** Over the last seconds; null means that there were no two looks at it yet. */
  get rateBits(): number | null {
    const { atMs, bytes } = this.#sum;
    const from = this.#points.findLast((each) => atMs - each.atMs >= rateWindowMs);
    const first = from ?? this.#points[0];
    if (this.#last === null || first === undefined || first.atMs >= atMs) return null;
    return ((bytes - first.bytes) * 8_000) / (atMs - first.atMs);
  }

  /**
   * A class that was made anew began to count anew. At the first look all that it counted is new, so that a total
   * goes on where an agent of before left it.
   */
  look(sample: Sample, guaranteeBits: number): Since {
    const before = this.#last;
    const { run, settled } = followDemand(this.#run, sample, guaranteeBits);
    this.#run = run;
    const { atMs, counters } = sample;
    const { demandSeconds, belowSeconds } = settled;
    if (settled.judgedSeconds > 0) this.#judged = { atMs, ...settled };
    const isWaiting = counters !== null && counters.backlogBytes > 0;
    this.#waitingSinceMs = isWaiting ? (this.#waitingSinceMs ?? atMs) : null;
    this.#last = counters === null ? null : { atMs, counters };
    if (counters === null) return { bytes: 0, packets: 0, demandSeconds, belowSeconds };
    const isSame = before === null ? null : passed(before.counters, counters);
    const { bytes, packets } = isSame ?? counters;
    this.#addUp(before, { atMs, counters }, bytes);
    return { bytes, packets, demandSeconds, belowSeconds };
  }

  /** How many more were dropped; null means that there is no such queue. */
  drop(drops: number | null): number {
    const before = this.#drops;
    this.#drops = drops;
    if (drops === null) return 0;
    return before === null ? drops : (increase32(before, drops) ?? drops);
  }

  /** A trapezoid, as in measure. The time before the first look is nobody's. */
  #addUp(before: Seen | null, { atMs, counters }: Seen, bytes: number): void {
    if (before === null) {
      this.#sum = { atMs, byteSeconds: 0, bytes: 0 };
      this.#points = [this.#sum];
      return;
    }
    const meanBytes = (before.counters.backlogBytes + counters.backlogBytes) / 2;
    this.#sum = {
      atMs,
      byteSeconds: this.#sum.byteSeconds + (meanBytes * (atMs - before.atMs)) / 1000,
      bytes: this.#sum.bytes + bytes,
    };
    const last = this.#points.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    if (atMs - last >= betweenPointsMs) this.#points.push(this.#sum);
    while ((this.#points[1]?.atMs ?? atMs) <= atMs - windowMs) this.#points.shift();
  }

  get waited(): Waited {
    const [first = this.#sum] = this.#points;
    return {
      byteSeconds: this.#sum.byteSeconds - first.byteSeconds,
      bytes: this.#sum.bytes - first.bytes,
    };
  }
}
