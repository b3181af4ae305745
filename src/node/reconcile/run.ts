/**
 * The one loop that brings the kernel to what is desired: look, find the steps, do them, and look again where
 * that is asked for. No other module applies steps, so what follows a refusal is decided here alone.
 */
import { FairwayError } from "../../errors.ts";
import { applyForGood, applySteps, type Failure, rollBack } from "../../kernel/apply.ts";
import { mostPorts } from "../../kernel/ports.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { diff, type Plan, type Step } from "../../plan/diff.ts";
import { keyOf, type State } from "../../plan/state.ts";
import { span } from "../../trace.ts";

/** Whoever has it holds the node's lock. */
export interface Lock {
  readonly ledger: Ledger;
  /** Whether the kernel was asked to change under it. */
  touched: boolean;
}

/** A part of the node: what is desired of it, and what is to be looked at. */
export interface Scope {
  desired(): State;
  /** Throws where it cannot be looked at. */
  observed(desired: State): State;
  /**
   * Which steps of the plan are this scope's, in the order in which they are done. Throws where the plan has
   * conflicts that are not to be passed over.
   */
  steps(plan: Plan): Step[];
  /**
   * It is set on what goes for good, and called when all is done except that pairs go. Such steps are not
   * taken back after a failure: what is left of them is looked at and tried again.
   */
  beforePairsGo?(): void;
}

export interface Options {
  /** What is taken to be there, without a look. Only where the kernel shows that it is not so, a look follows. */
  assumed?: State;
  /** Whether plans are done until a look finds nothing left. Otherwise one is, and no look follows. */
  untilAtRest?: boolean;
  /** The transaction that this is a part of. It is noted there that the kernel was asked to change. */
  lock?: Lock;
}

export interface Outcome {
  /** What was done and not taken back. */
  done: Step[];
  /** What the last look found, where one followed. */
  left: Step[];
  /** Why it came to nothing; null means that it did not. */
  failure: FairwayError | null;
  /** What could not be taken back. */
  stuck: FairwayError[];
}

/**
 * What disappears by itself, such as a pair with its namespace, may do so between a look and a step. Then
 * another look helps. What goes for good is tried again whatever the kernel refuses; a bridge has only so
 * many pods that could disappear.
 */
const attempts = { forGood: 5, disappearing: mostPorts };

/**
 * At most so many plans are done until a look finds nothing left. One leads to what is desired; the next is
 * for what the kernel moved along with it, and others for what somebody else changed meanwhile.
 */
export const rounds = 4;

/** It is longer than a verb holds the lock to change others' classes. */
export const settleMs = 100;

interface Seen {
  desired: State;
  observed: State;
  steps: Step[];
}

function compared(scope: Scope): Omit<Seen, "steps"> & { plan: Plan } {
  const desired = scope.desired();
  const observed = span("observe", () => scope.observed(desired));
  return { desired, observed, plan: span("plan", () => diff(desired, observed)) };
}

/** What differs. Nothing is done. */
export const look = (scope: Scope): Plan => compared(scope).plan;

function see(scope: Scope): Seen {
  const { plan, ...seen } = compared(scope);
  return { ...seen, steps: scope.steps(plan) };
}

/** What would be done. */
export const stepsOf = (scope: Scope): Step[] => see(scope).steps;

const done = (steps: Step[], left: Step[] = []): Outcome => ({
  done: steps,
  left,
  failure: null,
  stuck: [],
});

/**
 * Whether something has disappeared by itself since the look before: whoever wanted it has gone, which a tool
 * may not tell by naming the line that was refused for that, or the object of the refused step has.
 */
function isLess(before: Seen, now: Seen, stopped: Step | undefined): boolean {
  if ([...before.desired.keys()].some((key) => !now.desired.has(key))) return true;
  const have = stopped?.have ?? null;
  return have !== null && !now.observed.has(keyOf(have));
}

class Run {
  readonly #scope: Scope;
  readonly #lock: Options["lock"];
  /** The steps to take back after a failure. */
  #begun: Step[] = [];

  constructor(scope: Scope, { lock }: Options) {
    this.#scope = scope;
    this.#lock = lock;
  }

  get #goesForGood(): boolean {
    return this.#scope.beforePairsGo !== undefined;
  }

  #apply(steps: Step[]): Failure | null {
    if (steps.length === 0) return null;
    if (this.#lock !== undefined) this.#lock.touched = true;
    const { beforePairsGo } = this.#scope;
    const failure = span("apply", () =>
      beforePairsGo === undefined ? applySteps(steps) : applyForGood(steps, beforePairsGo),
    );
    this.#begun.push(...(failure?.done ?? steps));
    return failure;
  }

  #refused(failure: FairwayError): Outcome {
    const stuck = this.#goesForGood ? [] : rollBack(this.#begun);
    return { done: [], left: [], failure, stuck };
  }

  /** null means that the kernel has shown that a look is needed. Then nothing of the plan is left. */
  assuming(assumed: State): Outcome | null {
    const steps = this.#scope.steps(diff(this.#scope.desired(), assumed));
    const failure = this.#apply(steps);
    if (failure === null) return done(steps);
    if (this.#goesForGood) return null;
    const refused = this.#refused(failure.error);
    // The kernel has no IPv6 settings where it has no IPv6. Only a look tells that.
    const isWrong = failure.exists || steps[failure.at]?.want?.kind === "ipv6setting";
    // What could not be taken back would be taken for something that was there before.
    return isWrong && refused.stuck.length === 0 ? null : refused;
  }

  #seeAgain(): Seen {
    try {
      return see(this.#scope);
    } catch (error) {
      if (!this.#goesForGood) rollBack(this.#begun);
      throw error;
    }
  }

  /** Does what was just seen to be needed. */
  plan(first: Seen): Outcome {
    this.#begun = [];
    for (let [tries, seen] = [1, first]; ; tries++) {
      const failure = this.#apply(seen.steps);
      if (failure === null) return done(this.#begun);
      const now = this.#seeAgain();
      const mayHelp = this.#goesForGood
        ? tries < attempts.forGood
        : tries < attempts.disappearing && isLess(seen, now, seen.steps[failure.at]);
      if (!mayHelp) return this.#refused(failure.error);
      seen = now;
    }
  }
}

/** Throws what the scope throws. What the kernel refuses is in the outcome. */
export function reconcile(scope: Scope, options: Options = {}): Outcome {
  const run = new Run(scope, options);
  const { assumed, untilAtRest = false } = options;
  const first = assumed === undefined ? null : run.assuming(assumed);
  if (first !== null) return first;
  const all: Step[] = [];
  for (let round = 0; ; round++) {
    const seen = see(scope);
    if (seen.steps.length === 0 || round === rounds) return done(all, seen.steps);
    const outcome = run.plan(seen);
    if (outcome.failure !== null) return { ...outcome, done: all };
    all.push(...outcome.done);
    if (!untilAtRest) return done(all);
  }
}

/** The steps that were done. Throws why it came to nothing, with what could not be taken back. */
export function required({ done: steps, failure, stuck }: Outcome): Step[] {
  if (failure === null) return steps;
  if (stuck.length === 0) throw failure;
  const { kind, message, details } = failure;
  const left = stuck.map((error) => error.message).join("; ");
  throw new FairwayError(
    kind,
    message,
    `${details}; rolling back left: ${left} (DEL or \`fairway repair\` removes it)`,
    { cause: failure },
  );
}
