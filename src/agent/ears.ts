/** Hears what the kernel tells of the node, and leaves out what our own verbs did to the tables. */
import { messageOf } from "../errors.ts";
import { generationsSince } from "../kernel/own-generations.ts";
import { type WatchOptions, watch } from "../kernel/watch.ts";
import type { TellOnce } from "./events.ts";
import { type Gathered, gather, type Occasion } from "./schedule.ts";

/** So long nobody listens where the kernel refuses it. Looks go on meanwhile. */
const deafMs = 30_000;
/** So long nobody listens after the kernel had more to tell than was read: less than until a look follows. */
const overrunMs = 10;

/** Each of our own transactions is known by its generation (own-generations.ts). */
const isOwn = (generation: number): boolean =>
  generationsSince(generation - 1, generation).others === 0;

type Options = Pick<WatchOptions, "interest" | "receiveBytes"> & {
  once: TellOnce;
  /** Something has come, or it is time to listen again. */
  wake(): void;
};

export class Ears implements Disposable {
  readonly #options: Options;
  #watch: Disposable | null = null;
  #timer: Timer | null = null;
  #isOver = false;
  /** What has come and was not taken yet. */
  #gathered: Gathered | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#watch?.[Symbol.dispose]();
  }

  /** Whether nothing is heard at this moment. */
  get isDeaf(): boolean {
    return this.#watch === null;
  }

  get gathered(): Gathered | null {
    return this.#gathered;
  }

  /** Begins to listen, and goes on until it is disposed of. What the kernel refuses is told. */
  async listen(): Promise<void> {
    const { once, wake, interest, receiveBytes } = this.#options;
    try {
      const opened = await watch({
        interest,
        ...(receiveBytes === undefined ? {} : { receiveBytes }),
        noticed: (what) => {
          const before = this.#gathered;
          this.#gathered = gather(before, what, performance.now());
          if (before === null) wake();
        },
        ended: () => this.#listenIn(overrunMs),
      });
      if (this.#isOver) opened[Symbol.dispose]();
      else this.#watch = opened;
      once.about("deaf", null);
    } catch (error) {
      once.about("deaf", { event: "deaf", why: messageOf(error) });
      this.#listenIn(deafMs);
    }
  }

  #listenIn(afterMs: number): void {
    if (this.#isOver) return;
    this.#watch = null;
    this.#timer = setTimeout(() => {
      // What came while nobody listened is not known.
      this.#gathered = gather(
        this.#gathered,
        { causes: new Set(["lost"]), generations: [] },
        performance.now(),
      );
      this.#options.wake();
      void this.listen();
    }, afterMs);
  }

  /** Takes what has come; null means that none of it concerns us. */
  take(): Occasion | null {
    const gathered = this.#gathered;
    this.#gathered = null;
    if (gathered === null) return null;
    const { causes, generations, sinceMs } = gathered;
    const others = new Set(causes);
    if (generations.length > 0 && generations.every(isOwn)) others.delete("tables");
    return others.size === 0 ? null : { causes: others, sinceMs };
  }
}
