/** Asks the agent for the figures, again and again, whatever becomes of it meanwhile. */
import type { PageState, Show } from "../state.ts";

const everyMs = 2_000;
const answerWithinMs = 8_000;
const longestPauseMs = 15_000;

/** What came of the last question. */
export type Came =
  | { kind: "state"; state: PageState }
  /** The session is over: `fairway ui` gives another one. */
  | { kind: "session" }
  | { kind: "trouble"; words: string };

export interface Question {
  find: string;
  show: Show;
}

async function asked({ find, show }: Question): Promise<Came> {
  try {
    const response = await fetch(`/ui/state?${new URLSearchParams({ find, show })}`, {
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (response.status === 401) return { kind: "session" };
    if (!response.ok) return { kind: "trouble", words: (await response.text()).trim() };
    return { kind: "state", state: (await response.json()) as PageState };
  } catch {
    return { kind: "trouble", words: "the agent does not answer" };
  }
}

export class Asking {
  readonly #question: () => Question;
  readonly #took: (came: Came) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the questions: an answer to an older one is not shown. */
  #turn = 0;
  #failures = 0;
  #isPaused = false;

  constructor(question: () => Question, took: (came: Came) => void) {
    this.#question = question;
    this.#took = took;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    clearTimeout(this.#timer);
    this.#turn++;
    if (!isPaused) void this.now();
  }

  /** At once, and from then on. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const came = await asked(this.#question());
    if (turn !== this.#turn) return;
    this.#failures = came.kind === "state" ? 0 : this.#failures + 1;
    this.#took(came);
    if (this.#isPaused) return;
    const pauseMs = Math.min(longestPauseMs, everyMs * 2 ** Math.min(this.#failures, 4));
    this.#timer = setTimeout(() => void this.now(), pauseMs);
  }
}
