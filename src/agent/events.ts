/** What the agent tells of the node's state, for its log. */
import { FairwayError, messageOf } from "../errors.ts";
import type { Cause } from "../kernel/watch-filter.ts";

export type Told =
  /** Something differs, and it is not repaired because only that was asked for. */
  | { event: "drift"; what: string[] }
  /** What was told as drift is as it should be again, without the agent. */
  | { event: "right again"; what: string[] }
  /** `causes` are the notifications; there are none where a look without them found it. */
  | { event: "repaired"; what: string[]; causes: Cause[]; afterMs: number }
  /** Something else sets it again and again. It is told once. */
  | { event: "fight"; what: string[]; times: number; holdMs: number }
  /** It is told once, until it is otherwise. */
  | { event: "failed"; during: string; msg: string; details?: string }
  /** The node is left alone for now: why. It is told once, until it is otherwise. */
  | { event: "left alone"; why: string }
  | { event: "base made" }
  /** So many verbs were played before the first pod's, in namespaces that are gone again. */
  | { event: "rehearsed"; verbs: number }
  | { event: "swept"; freed: string[]; inDoubt: string[]; failed: string[] }
  /** The kernel cannot be listened to; the looks that follow without it still find everything. */
  | { event: "deaf"; why: string }
  /** The copy that stands behind another's network is there, after `follows` had changed or it was gone. */
  | { event: "copied"; file: string; follows: string; network: string }
  /** There is no copy now: why. */
  | { event: "no copy"; file: string; why: string; details: string }
  /** The copy stays as it is for now. */
  | { event: "copy waits"; file: string; why: string };

export type Tell = (told: Told) => void;

export function failed(during: string, error: unknown): Told {
  const details = error instanceof FairwayError ? error.details : undefined;
  return { event: "failed", during, msg: messageOf(error), ...(details && { details }) };
}

/** Tells the same thing about a matter only once, until it was something else meanwhile. */
export class TellOnce {
  readonly #tell: Tell;
  readonly #last = new Map<string, string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** null means that there is nothing to tell of the matter any more. */
  about(matter: string, told: Told | null): void {
    const text = told === null ? undefined : JSON.stringify(told);
    if (this.#last.get(matter) === text) return;
    if (text === undefined) this.#last.delete(matter);
    else this.#last.set(matter, text);
    if (told !== null) this.#tell(told);
  }
}
