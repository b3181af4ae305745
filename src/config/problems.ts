import { FairwayError } from "../errors.ts";

const maxProblems = 50;
/** This is the advice where nobody had more to say. */
const anyKey = "Correct what is named; docs/config.md has what each key may be.";

/** Collects all that is wrong with a configuration, so that one look at the error mends it all. */
export class Problems {
  readonly #problems: string[] = [];
  readonly #advice = new Set<string>();

  /** `problem` follows the key: "is above the limit". `advice` is a sentence that says what to do. */
  add(key: string, problem: string, advice?: string): void {
    this.#push(`${key}: ${problem}`, advice);
  }

  /** Returns what `parse` gives, or undefined where it throws badConfig, which is kept. */
  attempt<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof FairwayError) || error.kind !== "badConfig" || this.#isFull)
        throw error;
      this.#push(error.message, error.details);
      return undefined;
    }
  }

  get #isFull(): boolean {
    return this.#problems.length >= maxProblems;
  }

  get any(): boolean {
    return this.#problems.length > 0;
  }

  /** @throws FairwayError badConfig with all of them, if there is one. */
  throwIfAny(): void {
    if (!this.any) return;
    const count = this.#problems.length;
    const all = this.#problems.join("; ");
    const details = [...this.#advice].join(" ");
    throw new FairwayError(
      "badConfig",
      count === 1 ? all : `${all} (${this.#isFull ? "at least " : ""}${count} errors)`,
      details === "" ? anyKey : details,
    );
  }

  /**
   * Returns what `attempt` gave, once all is parsed.
   * @throws FairwayError badConfig, if there is a problem.
   */
  settle<T>(value: T | undefined): T {
    this.throwIfAny();
    if (value === undefined)
      throw new Error("a part of the configuration is absent without a problem");
    return value;
  }

  #push(problem: string, advice: string | undefined): void {
    this.#problems.push(problem);
    if (advice !== undefined) this.#advice.add(advice);
    // 8 MB have room for a million mistakes, and nobody mends them in one go.
    if (this.#isFull) this.throwIfAny();
  }
}
