/** Ten minutes of figures, kept by the page itself: bounded in time and in number. Pure. */

export interface Point {
  atMs: number;
  withinBits: number;
  borrowedBits: number;
}

/** What is drawn of a whole direction. */
export interface TreePoint extends Point {
  promisedBits: number;
  /** How many promises were not kept at that moment. */
  broken: number;
}

export const spanMs = 600_000;
/** The page asks every two seconds. */
const mostPoints = 400;
/** Those that were not shown for longest go first. */
const mostSeries = 400;
/** Nobody knows what was between two points that are further apart. */
const longestGapMs = 15_000;

export class History<P extends Point> {
  readonly #series = new Map<string, P[]>();

  add(key: string, point: P): void {
    const points = this.#series.get(key) ?? [];
    points.push(point);
    const tooOld = points.findIndex(({ atMs }) => atMs > point.atMs - spanMs);
    points.splice(0, Math.max(tooOld, points.length - mostPoints, 0));
    this.#series.delete(key);
    this.#series.set(key, points);
    const [oldest] = this.#series.keys();
    if (this.#series.size > mostSeries && oldest !== undefined) this.#series.delete(oldest);
  }

  of(key: string): readonly P[] {
    return this.#series.get(key) ?? [];
  }

  /** As text, to go on from after the page was loaded again. */
  get saved(): string {
    return JSON.stringify([...this.#series]);
  }

  /** What cannot be read was not ours. */
  restore(saved: string | null): void {
    try {
      for (const [key, points] of JSON.parse(saved ?? "[]") as [string, P[]][])
        for (const point of points) if (Number.isFinite(point.atMs)) this.add(key, point);
    } catch {
      this.#series.clear();
    }
  }
}

/** The points in pieces, between which nothing was seen. */
export function pieces<P extends Point>(points: readonly P[]): P[][] {
  const all: P[][] = [];
  for (const [at, point] of points.entries()) {
    const before = points[at - 1];
    if (before === undefined || point.atMs - before.atMs > longestGapMs) all.push([]);
    all.at(-1)?.push(point);
  }
  return all;
}
