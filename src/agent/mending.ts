/** What the agent does about what its looks found: it repairs the node, or only tells. */
import { type ErrorName, FairwayError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { repair } from "../node/reconcile/repair.ts";
import { whyNoTool } from "../patience.ts";
import type { Step } from "../plan/diff.ts";
import { failed, type Tell, type TellOnce } from "./events.ts";
import { fightsToTell, judge, type Matters, tried } from "./fights.ts";
import { type Found, foundIn, wordsOf } from "./found.ts";
import { knowsAllPods } from "./permission.ts";
import type { Occasion } from "./schedule.ts";

/** The node itself, or the insides of its pods' namespaces. */
export type Part = "node" | "pods";

export interface Answer {
  /**
   * All that was found of a part, also if that is nothing. Returns when it is to be looked at again, or null.
   * Throws tryAgain where others have the lock.
   */
  to(part: Part, found: readonly Found[], occasion: Occasion): number | null;
}

/** Counts drift, for a monitor. */
export interface DriftCounts {
  /** All that a look at a part found, also if that is nothing. */
  found(part: Part, found: readonly Found[]): void;
  repaired(found: readonly Found[]): void;
  fights(number: number): void;
}

/** It changes nothing. */
export class Observing implements Answer {
  readonly #tell: Tell;
  /** What was told as drift, by its key. */
  readonly #told: Record<Part, ReadonlyMap<string, Found>> = { node: new Map(), pods: new Map() };
  readonly #againMs: number;

  /** While anything differs, it is looked at again after this time, whatever the kernel tells. */
  constructor(tell: Tell, againMs: number) {
    this.#tell = tell;
    this.#againMs = againMs;
  }

  to(part: Part, found: readonly Found[]): number | null {
    const before = this.#told[part];
    const now = new Map(found.map((each) => [each.key, each]));
    this.#told[part] = now;
    const drift = found.filter(({ key }) => !before.has(key));
    const right = [...before.values()].filter(({ key }) => !now.has(key));
    if (drift.length > 0) this.#tell({ event: "drift", what: wordsOf(drift) });
    if (right.length > 0) this.#tell({ event: "right again", what: wordsOf(right) });
    return found.length === 0 ? null : performance.now() + this.#againMs;
  }
}

const toldTimes = 3;

export class Repairing implements Answer {
  readonly #ledger: () => Ledger | null;
  readonly #tell: Tell;
  readonly #once: TellOnce;
  readonly #counts: DriftCounts | null;
  #matters: Matters = new Map();
  /** How often in a row the ledger did not know a pod. */
  #unknownTimes = 0;

  /** `counts` is null where nobody counts. */
  constructor(ledger: () => Ledger | null, tell: Tell, once: TellOnce, counts: DriftCounts | null) {
    this.#ledger = ledger;
    this.#tell = tell;
    this.#once = once;
    this.#counts = counts;
  }

  #judge(found: readonly Found[]) {
    const keys = found.map(({ key }) => key);
    return judge(this.#matters, keys, performance.now());
  }

  to(part: Part, found: readonly Found[], occasion: Occasion): number | null {
    if (found.length === 0) {
      this.#once.about(`repair ${part}`, null);
      return null;
    }
    const { isDue, againMs } = this.#judge(found);
    // A repair is of the whole node, so what has to wait is repaired along with what has not.
    if (!isDue) return againMs;
    const ledger = this.#ledger();
    if (ledger === null) return null;
    try {
      this.#requireKnownPods(ledger);
      requireTools();
      const done = repair(ledger);
      this.#once.about(`repair ${part}`, null);
      this.#repaired(found, done, occasion);
    } catch (error) {
      if (error instanceof FairwayError && error.kind === "tryAgain") throw error;
      this.#tried(found, false);
      this.#once.about(`repair ${part}`, failed("repair", error));
    }
    return this.#judge(found).againMs;
  }

  /** An ADD may have made its pair since the rows were read, so it is asked again before it is told. */
  #requireKnownPods(ledger: Ledger): void {
    this.#unknownTimes = knowsAllPods(ledger) ? 0 : this.#unknownTimes + 1;
    if (this.#unknownTimes === 0) return;
    throw unknownPods(ledger.file, this.#unknownTimes < toldTimes ? "tryAgain" : "ledgerUnusable");
  }

  #tried(found: readonly Found[], isMended: boolean): void {
    const keys = found.map(({ key }) => key);
    this.#matters = tried(this.#matters, keys, isMended, performance.now());
  }

  #repaired(found: readonly Found[], done: Step[], { causes, sinceMs }: Occasion): void {
    // Somebody else was faster.
    if (done.length === 0) return;
    const mended = foundIn({ steps: done, conflicts: [] });
    this.#tried([...found, ...mended], true);
    this.#counts?.repaired(mended);
    const afterMs = Math.round(performance.now() - sinceMs);
    this.#tell({ event: "repaired", what: wordsOf(mended), causes: [...causes], afterMs });
    this.#tellFights([...mended, ...found]);
  }

  #tellFights(found: readonly Found[]): void {
    const { fights, matters } = fightsToTell(this.#matters);
    this.#matters = matters;
    if (fights.length === 0) return;
    this.#counts?.fights(fights.length);
    const keys = new Set(fights.map(({ key }) => key));
    const what = wordsOf(found.filter(({ key }) => keys.has(key)));
    const times = Math.max(...fights.map((fight) => fight.times));
    const holdMs = Math.max(...fights.map((fight) => fight.holdMs));
    this.#tell({ event: "fight", what, times, holdMs });
  }
}

function requireTools(): void {
  const why = whyNoTool();
  if (why === null) return;
  throw new FairwayError(
    "io",
    `nothing is repaired for now: ${why}`,
    "see what the tool waits for (ps, /proc/PID/stack); verbs are done by processes of their own meanwhile",
  );
}

const unknownPods = (file: string, kind: ErrorName): FairwayError =>
  new FairwayError(
    kind,
    `the ledger ${file} does not know all pods that this node has, so nothing is taken for a leftover`,
    "`fairway doctor` says which; `fairway repair --rebuild` makes the rows again",
  );
