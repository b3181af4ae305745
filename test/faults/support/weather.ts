/** What befalls the agent of a storm: it is killed, stopped and upgraded, and so are the executables. */
import { binary } from "../../support/binary.ts";
import { type LauncherPlace, Supervised } from "../../support/launched.ts";
import type { TestNode } from "../../support/node.ts";
import type { Random } from "./random.ts";
import { faultyBinary } from "./world.ts";

/** Two builds of one version: the other one fails nowhere unless it is told to. */
const builds = [binary, faultyBinary] as const;

/** This share of the verbs is called without a launcher. */
const aloneShare = 0.25;

export interface WeatherFigures {
  /** Verbs that an agent did, or had begun when it died. */
  byAgent: number;
  alone: number;
  /** Done by a process of their own, by the reason that the launcher told it. */
  fellBack: Record<string, number>;
  /** ADDs that an agent had begun when it died. */
  addsLost: number;
  killed: number;
  stopped: number;
  upgraded: number;
  /** From a stop until the watchdog had killed it. */
  longestStopMs: number;
}

export class Weather implements AsyncDisposable {
  readonly #place: LauncherPlace;
  readonly #random: Random;
  readonly #agent: Supervised;
  #build = 0;
  readonly #figures: WeatherFigures = {
    ...{ byAgent: 0, alone: 0, fellBack: {}, addsLost: 0 },
    ...{ killed: 0, stopped: 0, upgraded: 0, longestStopMs: 0 },
  };

  constructor(node: TestNode, place: LauncherPlace, random: Random) {
    this.#place = place;
    this.#random = random;
    this.#agent = new Supervised({
      executable: () => this.#executable,
      dataDir: node.dataDir,
      watches: true,
      place,
    });
  }

  get #executable(): string {
    return builds[this.#build % 2] ?? binary;
  }

  start(): Promise<void> {
    return this.#agent.start();
  }

  /** What a runtime executes for a verb; null: the plugin itself, without a launcher. */
  argv(): string[] | null {
    if (!this.#random.chance(aloneShare)) return this.#place.enter([this.#place.launcher]);
    this.#figures.alone += 1;
    return null;
  }

  /** A verb has ended that was called through a launcher. */
  note(isLostAdd: boolean): void {
    this.#figures.byAgent += 1;
    if (isLostAdd) this.#figures.addsLost += 1;
  }

  figures(): WeatherFigures {
    const { fellBack } = this.#figures;
    for (const { reason } of this.#place.fellBack()) fellBack[reason] = (fellBack[reason] ?? 0) + 1;
    const others = Object.values(fellBack).reduce((sum, n) => sum + n, 0);
    return { ...this.#figures, byAgent: this.#figures.byAgent - others };
  }

  async rage(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#agent.serving();
      await Bun.sleep(500 + this.#random.below(3_000));
      if (isOver()) return;
      const dice = this.#random.next();
      if (dice < 0.55) this.#kill();
      else if (dice < 0.65) await this.#stop();
      else await this.#upgrade();
    }
  }

  #kill(): void {
    this.#figures.killed += 1;
    this.#agent.kill("SIGKILL");
  }

  async #stop(): Promise<void> {
    const { killedByWatchdog } = this.#agent.counts;
    const startMs = performance.now();
    this.#figures.stopped += 1;
    this.#agent.kill("SIGSTOP");
    while (this.#agent.counts.killedByWatchdog === killedByWatchdog) await Bun.sleep(20);
    const tookMs = Math.round(performance.now() - startMs);
    this.#figures.longestStopMs = Math.max(this.#figures.longestStopMs, tookMs);
  }

  /** In any order, with verbs between each two steps. */
  async #upgrade(): Promise<void> {
    this.#figures.upgraded += 1;
    this.#build += 1;
    const steps = [
      () => this.#place.replaceLauncher("shipped"),
      () => this.#place.replaceFull(this.#executable),
      () => this.#agent.kill("SIGTERM"),
    ];
    while (steps.length > 0) {
      const [step] = steps.splice(this.#random.below(steps.length), 1);
      step?.();
      await Bun.sleep(this.#random.below(300));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent[Symbol.asyncDispose]();
  }
}
