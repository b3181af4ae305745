/** A sleep that others can end. */
export class Waker {
  #wake: (() => void) | null = null;
  #isAwake = false;

  /** Ends the sleep, or the next one if nobody sleeps. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#isAwake) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
      this.#wake = null;
    }
    this.#isAwake = false;
  }
}
