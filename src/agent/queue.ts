/** The verbs that wait. One runs at a time, and between two of them the process hears what came meanwhile. */

export interface Job {
  /** Runs the verb to its end. It may be accepted until `acceptUntilMs`, and not later. */
  run(acceptUntilMs: number): void;
  /** Tells whoever asked that the verb was not begun. */
  decline(why: string): void;
}

interface Waiting {
  job: Job;
  arrivedAtMs: number;
}

/** A launcher does the verb itself when it has heard nothing for 200 ms, and both must not do it. */
const longestWaitMs = 150;

/** More would not have their turn in that time. */
const longestQueue = 32;

export class VerbQueue {
  #waiting: Waiting[] = [];
  /** Since when the process has heard nothing from outside. null means that it hears at once. */
  #deafSinceMs: number | null = null;
  #hasListened = false;
  #isStopped = false;

  get length(): number {
    return this.#waiting.length;
  }

  /** What has just been heard may have come at any moment since the last verb began. */
  #arrivedAtMs(): number {
    return this.#deafSinceMs ?? performance.now();
  }

  add(job: Job): void {
    const arrivedAtMs = this.#arrivedAtMs();
    if (this.#isStopped) job.decline("the agent is about to end");
    else if (this.#waiting.length >= longestQueue)
      job.decline(`${longestQueue} verbs wait already`);
    else {
      this.#waiting.push({ job, arrivedAtMs });
      if (this.#deafSinceMs === null) this.#turn();
    }
  }

  remove(job: Job): void {
    this.#waiting = this.#waiting.filter((each) => each.job !== job);
  }

  /** From now on nothing is begun. */
  stop(): void {
    this.#isStopped = true;
    const left = this.#waiting;
    this.#waiting = [];
    for (const { job } of left) job.decline("the agent is about to end");
  }

  #turn(): void {
    const next = this.#waiting.shift();
    if (next === undefined && this.#hasListened) {
      this.#deafSinceMs = null;
      this.#hasListened = false;
      return;
    }
    this.#hasListened = next === undefined;
    if (next !== undefined) {
      this.#deafSinceMs = performance.now();
      if (this.#deafSinceMs - next.arrivedAtMs > longestWaitMs)
        next.job.decline("the verbs before it took too long");
      else next.job.run(next.arrivedAtMs + longestWaitMs);
    }
    // All that came meanwhile is heard before the next turn.
    setImmediate(() => this.#turn());
  }
}
