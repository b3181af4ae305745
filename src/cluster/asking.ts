/** Asks for one thing at a time, and waits after it failed. */
import { messageOf } from "../errors.ts";
import { isConflict, KubeError } from "../kube/kube-error.ts";
import { pauseMs } from "../kube/pause.ts";

export interface AskingOptions {
  onTrouble(trouble: string | null): void;
  /** When something may be asked again. */
  wakeIn(ms: number): void;
}

export class Asking {
  readonly #options: AskingOptions;
  #isAsking = false;
  #failures = 0;
  #nextMs = 0;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Where nothing may be asked before some time is over, whoever asks is woken then. */
  get isFree(): boolean {
    if (this.#isAsking) return false;
    const nowMs = performance.now();
    if (nowMs >= this.#nextMs) return true;
    this.#options.wakeIn(this.#nextMs - nowMs);
    return false;
  }

  pause(ms: number): void {
    this.#nextMs = performance.now() + ms;
  }

  /** It never throws. */
  async ask(act: () => Promise<void>): Promise<void> {
    this.#isAsking = true;
    try {
      await act();
      this.#failures = 0;
      this.#options.onTrouble(null);
    } catch (error) {
      // Somebody else has changed the object meanwhile, and we are about to hear of it.
      const isRace = isConflict(error) || (error instanceof KubeError && error.status === 422);
      this.#failures += 1;
      if (!isRace || this.#failures > 3) this.#options.onTrouble(messageOf(error));
      const pause = pauseMs(this.#failures, Math.random());
      this.pause(pause);
      this.#options.wakeIn(pause);
    } finally {
      this.#isAsking = false;
    }
  }
}
