/**
 * Keeps the node true: looks at it whenever the kernel tells that something was changed, and from time to time
 * without that, and repairs what is not as the ledger says. It waits for nobody: what cannot be done now,
 * since another has the lock, is done a little later.
 */
import { FairwayError } from "../errors.ts";
import type { Cause } from "../kernel/watch-filter.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { ledgerIfThere } from "../node/facts/open.ts";
import { Waker } from "../waker.ts";
import { clean } from "./clean.ts";
import { Ears } from "./ears.ts";
import { failed, type Tell, TellOnce } from "./events.ts";
import { type Found, lasting } from "./found.ts";
import { type Answer, type DriftCounts, Observing, type Part, Repairing } from "./mending.ts";
import { reasonToLeave } from "./permission.ts";
import { prepareBase, rehearseVerbs } from "./prepare.ts";
import * as schedule from "./schedule.ts";
import { Sight } from "./sight.ts";

export interface KeepTrueOptions {
  /** The ledger's folder. This process keeps its ledgers open (keepLedgers) and waits for nobody. */
  dataDir: string;
  /** With "observe" nothing is changed, only told. */
  repair: "observe" | "repair";
  /**
   * Where the runtime reads its network configurations. Before a network of Fairway's has its first pod, what
   * its pods share is made. Without the folder nothing is made in advance.
   */
  confDir?: string;
  /** A folder of this process's own, for what a rehearsal needs. Without it there is none. */
  stageIn?: string;
  /** Called when what is made in advance is there, or cannot be made now. */
  onReady?: () => void;
  tell: Tell;
  /** Without it nobody counts. */
  counts?: DriftCounts;
  /** It ends when this is aborted. */
  signal: AbortSignal;
  /** Whether verbs are at work in this process, which a look would keep waiting. */
  isBusy?: () => boolean;
  /** Whether the kernel's notifications are listened to. Without them only the periods find drift. */
  listens?: boolean;
  /** How much of notifications the kernel keeps until they are read. */
  receiveBytes?: number;
  pace?: Partial<schedule.Pace>;
}

/** The configuration may come, or change, at any time before the first pod does. */
const preparing: readonly schedule.Duty[] = ["sweep", "pods"];

/** What could not be freed is tried again after this time, and told when it was tried so often. */
const sweptAgainMs = 10_000;
const sweptToldTimes = 3;
/** While verbs are at work in this process, it is seen this often whether a look may follow. */
const busyPauseMs = 20;
/** Another's lock is waited for so long before it is told. */
const busyToldMs = 10_000;

class Keeper implements Disposable {
  readonly #options: KeepTrueOptions;
  readonly #pace: schedule.Pace;
  readonly #once: TellOnce;
  readonly #ledger: () => Ledger | null;
  readonly #waker = new Waker();
  readonly #sight = new Sight();
  readonly #ears: Ears;
  readonly #answer: Answer;
  #agenda = schedule.agendaAt(performance.now());
  /** What the kernel has told that no look has answered yet. */
  #occasion: schedule.Occasion | null = null;
  /** Since when another's lock has kept a duty from being done. */
  readonly #busySinceMs = new Map<schedule.Duty, number>();
  /** How often in a row a sweep could not free everything. */
  #sweptTimes = 0;

  constructor(options: KeepTrueOptions) {
    const { dataDir, tell, receiveBytes } = options;
    this.#options = options;
    this.#pace = { ...schedule.usualPace, ...options.pace };
    this.#once = new TellOnce(tell);
    this.#ledger = () => ledgerIfThere(dataDir);
    this.#ears = new Ears({
      once: this.#once,
      interest: () => this.#sight.interest,
      wake: () => this.#waker.wake(),
      ...(receiveBytes === undefined ? {} : { receiveBytes }),
    });
    this.#answer = this.#mayChange
      ? new Repairing(this.#ledger, tell, this.#once, options.counts ?? null)
      : new Observing(tell, this.#pace.slowMs);
  }

  [Symbol.dispose](): void {
    this.#ears[Symbol.dispose]();
    this.#sight[Symbol.dispose]();
  }

  get #mayChange(): boolean {
    return this.#options.repair === "repair";
  }

  async run(): Promise<void> {
    const { signal, listens = true, isBusy = () => false } = this.#options;
    const wake = (): void => this.#waker.wake();
    signal.addEventListener("abort", wake);
    if (listens) await this.#ears.listen();
    await this.#rehearse();
    this.#options.onReady?.();
    while (!signal.aborted) {
      this.#takeHeard();
      for (const duty of schedule.duties)
        if (!signal.aborted && schedule.isDue(this.#agenda, duty, performance.now(), isBusy()))
          await this.#do(duty);
      if (!signal.aborted) await this.#waker.sleep(this.#idleMs(isBusy()));
    }
    signal.removeEventListener("abort", wake);
  }

  #idleMs(isBusy: boolean): number {
    const nowMs = performance.now();
    const idleMs = schedule.idleMs(this.#agenda, this.#ears.gathered, nowMs, this.#pace);
    return isBusy ? Math.max(idleMs, busyPauseMs) : idleMs;
  }

  #takeHeard(): void {
    const nowMs = performance.now();
    const { gathered } = this.#ears;
    if (gathered === null || !schedule.isRipe(gathered, nowMs, this.#pace)) return;
    const heard = this.#ears.take();
    if (heard === null) return;
    this.#agenda = schedule.caused(this.#agenda, heard.causes, nowMs);
    const { causes, sinceMs } = this.#occasion ?? heard;
    this.#occasion = { causes: causes.union(heard.causes), sinceMs };
  }

  async #do(duty: schedule.Duty): Promise<void> {
    this.#sight.takeSpentMs();
    const again = await this.#tried(duty);
    const [endedMs, spentMs] = [performance.now(), this.#sight.takeSpentMs()];
    const { isDeaf } = this.#ears;
    this.#agenda = schedule.done(this.#agenda, duty, { endedMs, spentMs, isDeaf }, this.#pace);
    if (again !== null) this.#agenda = schedule.dueBy(this.#agenda, duty, again);
  }

  /** Returns when it has to be done again before its period is over; null means that it has not. */
  async #tried(duty: schedule.Duty): Promise<number | null> {
    try {
      const again = await this.#duty(duty);
      this.#busySinceMs.delete(duty);
      this.#once.about(duty, null);
      return again;
    } catch (error) {
      const nowMs = performance.now();
      if (!(error instanceof FairwayError && error.kind === "tryAgain")) {
        this.#once.about(duty, failed(duty, error));
        return null;
      }
      const sinceMs = this.#busySinceMs.get(duty) ?? nowMs;
      this.#busySinceMs.set(duty, sinceMs);
      if (nowMs - sinceMs > busyToldMs) this.#once.about(duty, failed(duty, error));
      return nowMs + this.#pace.busyMs;
    }
  }

  async #duty(duty: schedule.Duty): Promise<number | null> {
    // Twice a second: to see whether the ledger is still the same takes several times as long.
    if (duty === "settings") return this.#settings();
    if (preparing.includes(duty)) this.#prepare();
    const ledger = this.#ledger();
    if (ledger === null) return null;
    switch (duty) {
      case "sweep":
        return this.#sweep(ledger);
      default: {
        const why = reasonToLeave(ledger);
        this.#once.about("leave", why === null ? null : { event: "left alone", why });
        return why === null ? this.#look(duty, ledger) : null;
      }
    }
  }

  /** Verbs go before it. */
  async #rehearse(): Promise<void> {
    const { dataDir, confDir, stageIn, signal, tell, isBusy = () => false } = this.#options;
    this.#prepare();
    if (confDir === undefined || stageIn === undefined) return;
    const places = { dataDir, confDir, stageIn };
    const verbs = await rehearseVerbs(places, () => signal.aborted || isBusy());
    if (verbs > 0) tell({ event: "rehearsed", verbs });
  }

  #prepare(): void {
    const { confDir, dataDir } = this.#options;
    if (!this.#mayChange || confDir === undefined) return;
    try {
      const isMade = prepareBase(dataDir, confDir);
      this.#once.about("prepare", null);
      if (isMade) this.#options.tell({ event: "base made" });
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      // Another process makes it at this moment, or it is told by STATUS, too.
      if (error.kind !== "tryAgain") this.#once.about("prepare", failed("prepare", error));
    }
  }

  #sweep(ledger: Ledger): number | null {
    const cleaned = clean(ledger, this.#mayChange);
    this.#sweptTimes = cleaned.failed.length === 0 ? 0 : this.#sweptTimes + 1;
    // Most often somebody had the lock.
    const isLocked = this.#sweptTimes > 0 && this.#sweptTimes < sweptToldTimes;
    const told = isLocked ? { ...cleaned, failed: [] } : cleaned;
    const isQuiet = Object.values(told).every((list) => list.length === 0);
    this.#once.about("gone", isQuiet ? null : { event: "swept", ...told });
    return this.#sweptTimes === 0 ? null : performance.now() + sweptAgainMs;
  }

  /** What differs is left to a look at the node. */
  #settings(): null {
    if (!this.#sight.hasSilentChange()) return null;
    const nowMs = performance.now();
    this.#agenda = schedule.dueBy(this.#agenda, "node", nowMs);
    this.#occasion ??= { causes: new Set<Cause>(), sinceMs: nowMs };
    return null;
  }

  async #look(part: Part, ledger: Ledger): Promise<number | null> {
    const occasion = this.#occasion ?? { causes: new Set<Cause>(), sinceMs: performance.now() };
    const found = await (part === "node" ? this.#lookAtNode(ledger) : this.#lookAtPods(ledger));
    this.#options.counts?.found(part, found);
    const again = this.#options.signal.aborted ? null : this.#answer.to(part, found, occasion);
    if (part === "node") this.#occasion = null;
    return again;
  }

  /** What a verb is just changing is gone at a second look. */
  async #settled(): Promise<Ledger | null> {
    await Bun.sleep(this.#pace.settleMs);
    return this.#ledger();
  }

  async #lookAtNode(ledger: Ledger): Promise<Found[]> {
    const first = this.#sight.node(ledger);
    if (first.length === 0) return [];
    const again = await this.#settled();
    return again === null ? [] : lasting(first, this.#sight.node(again));
  }

  async #lookAtPods(ledger: Ledger): Promise<Found[]> {
    const { found, names } = await this.#sight.pods(ledger);
    if (found.length === 0) return [];
    const again = await this.#settled();
    return again === null ? [] : lasting(found, (await this.#sight.pods(again, names)).found);
  }
}

/** Ends when `signal` is aborted. What fails is told, and tried again. */
export async function keepTrue(options: KeepTrueOptions): Promise<void> {
  using keeper = new Keeper(options);
  await keeper.run();
}
