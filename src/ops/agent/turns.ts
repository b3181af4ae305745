/** Lets one after the other have its turn, and those who ask for the same share one. */
import { FairwayError } from "../../errors.ts";

/** Whoever comes after them is told so at once. */
const mostWaiting = 8;

export class Turns {
  readonly #waiting = new Map<string, Promise<string>>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * `what` says what is asked for. Whoever asks while the same waits for its turn gets that answer; once it has begun it
   * may have seen too little of what came meanwhile. Throws unavailable where too many wait.
   */
  take(what: string, act: () => Promise<string>): Promise<string> {
    const same = this.#waiting.get(what);
    if (same !== undefined) return same;
    if (this.#waiting.size >= mostWaiting)
      throw new FairwayError(
        "unavailable",
        `${mostWaiting} others wait for a look at this node already`,
        "ask again in some seconds",
      );
    const turn = this.#last.then(() => {
      this.#waiting.delete(what);
      return act();
    });
    this.#waiting.set(what, turn);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
