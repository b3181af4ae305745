/** What the agent's log says of its work in the cluster. */
import type { Tell } from "../tell.ts";

/** Tells a trouble once, and once more when it is over. */
export class Troubles {
  readonly #tell: Tell;
  readonly #last = new Map<string, string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** null means that there is none in this matter, or none any more. */
  about(matter: string, words: string | null): void {
    const before = this.#last.get(matter);
    if (words === null) {
      if (!this.#last.delete(matter)) return;
      this.#tell("info", `the cluster: ${matter}: it works again`);
      return;
    }
    this.#last.set(matter, words);
    // While an API server is away, its words differ from one moment to the next.
    if (before === undefined) this.#tell("error", `the cluster: ${matter}: ${words}`);
  }
}
