/** The verbs that wait. One runs at a time, and between two of them the process hears what came meanwhile. */

export interface Job {
  /** Runs the verb to its end. It may be accepted until `acceptUntilMs`, and not later. */
  run(acceptUntilMs: number): void;
  /** Tells whoever asked that the verb waits for its turn. false means that nobody hears it. */
  queued(): boolean;
  /** Tells whoever asked that the verb was not begun. */
  decline(why: string): void;
}

interface Waiting {
  job: Job;
  acceptUntilMs: number;
}

/** A launcher does the verb itself when it has heard nothing for 200 ms, and both must not do it. */
const longestSilenceMs = 150;

/** A launcher that was told that its verb waits for its turn does it itself after 20 s. */
const longestTurnMs = 15_000;

export class VerbQueue {
  #waiting: Waiting[] = [];
  /** Whether the process may not hear at once what comes. */
  #isAtWork = false;
  #hasListened = false;
  #isStopped = false;

  get length(): number {
    return this.#waiting.length;
  }

  add(job: Job): void {
    if (this.#isStopped) job.decline("the agent is about to end");
    else if (!this.#isAtWork) {
      this.#waiting.push({ job, acceptUntilMs: performance.now() + longestSilenceMs });
      this.#turn();
    } else if (job.queued())
      this.#waiting.push({ job, acceptUntilMs: performance.now() + longestTurnMs });
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
      this.#isAtWork = false;
      this.#hasListened = false;
      return;
    }
    this.#hasListened = next === undefined;
    if (next !== undefined) {
      this.#isAtWork = true;
      if (performance.now() > next.acceptUntilMs)
        next.job.decline("the verbs before it took too long");
      else next.job.run(next.acceptUntilMs);
    }
    // All that came meanwhile is heard before the next turn.
    setImmediate(() => this.#turn());
  }
}
