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

function lookFor(scope: Scope, desired: State): Plan {
  const observed = span("observe", () => scope.observed(desired));
  return span("plan", () => diff(desired, observed));
}

/** What differs. Nothing is done. */
export const look = (scope: Scope): Plan => lookFor(scope, scope.desired());

/** What would be done. */
export const stepsOf = (scope: Scope): Step[] => scope.steps(look(scope));

const done = (steps: Step[], left: Step[] = []): Outcome => ({
  done: steps,
  left,
  failure: null,
  stuck: [],
});

const isSameStep = (a: Step, b: Step): boolean =>
  a.op === b.op && keyOf(a.want ?? a.have) === keyOf(b.want ?? b.have);

class Run {
  readonly #scope: Scope;
  readonly #lock: Options["lock"];
  /** The steps to take back after a failure. */
  #begun: Step[] = [];
  /** What was desired at the last look. */
  #desired: State = new Map();

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

  look(): Step[] {
    this.#desired = this.#scope.desired();
    return this.#scope.steps(lookFor(this.#scope, this.#desired));
  }

  #lookAgain(): Step[] {
    try {
      return this.look();
    } catch (error) {
      if (!this.#goesForGood) rollBack(this.#begun);
      throw error;
    }
  }

  #mayHelp(tries: number, before: State, stopped: Step | undefined, again: Step[]): boolean {
    if (this.#goesForGood) return tries < attempts.forGood;
    if (stopped === undefined || tries === attempts.disappearing) return false;
    // Whoever wanted something has gone. A tool may not say which of its lines was refused for that.
    if ([...before.keys()].some((key) => !this.#desired.has(key))) return true;
    // What was to be made does not disappear by itself. Of what was done in part, a look may not see what is
    // left to be done.
    if (stopped.op === "create" || this.#begun.includes(stopped)) return false;
    return !again.some((step) => isSameStep(step, stopped));
  }

  /** `steps` are what a look has just found. */
  plan(steps: Step[]): Outcome {
    this.#begun = [];
    for (let [tries, next] = [1, steps]; ; tries++) {
      const failure = this.#apply(next);
      if (failure === null) return done(this.#begun);
      const before = this.#desired;
      const again = this.#lookAgain();
      if (!this.#mayHelp(tries, before, next[failure.at], again))
        return this.#refused(failure.error);
      next = again;
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
    const steps = run.look();
    if (steps.length === 0 || round === rounds) return done(all, steps);
    const outcome = run.plan(steps);
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
