/**
 * Has the copy that `install --chain` made follow its original: after each change in the runtime's folder, and
 * from time to time without one, since not every change of a file is told.
 */
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import {
  type Decision,
  decide,
  type FolderFile,
  settingsInForce,
  textIn,
} from "../chain/decide.ts";
import { readFolder } from "../chain/folder.ts";
import { putFile, takeFile } from "../chain/put.ts";
import { type Followed, followedIn } from "../chain/record.ts";
import { FairwayError } from "../errors.ts";
import { Waker } from "../waker.ts";
import { failed, type Tell, TellOnce, type Told } from "./events.ts";
import { fightsToTell, judge, type Matters, tried } from "./fights.ts";

export interface FollowChainOptions {
  /** Where `install` wrote down what is to be followed. */
  dataDir: string;
  /** Where the runtime reads its networks. */
  confDir: string;
  /** With "observe" nothing is changed, only told. */
  repair: "observe" | "repair";
  tell: Tell;
  /** It ends when this is aborted. */
  signal: AbortSignal;
  /** A look follows after this time, whatever is told. */
  slowMs?: number;
}

const usualSlowMs = 10_000;
/** Whoever writes a file does it in several steps, each of which is told. */
const settleMs = 100;

const key = "the copy";

/** null means that the copy is as it should be. */
function toldOf(decision: Decision, file: string): Told | null {
  switch (decision.want) {
    case "copy":
      return null;
    case "wait":
      return { event: "copy waits", file, why: decision.why };
    default:
      return { event: "no copy", file, why: decision.why, details: decision.todo };
  }
}

class Follower implements Disposable {
  readonly #options: FollowChainOptions;
  readonly #once: TellOnce;
  readonly #waker = new Waker();
  #watcher: FSWatcher | null = null;
  /** What the agent itself put there last. undefined means that it did not yet. */
  #written: string | null | undefined;
  #fights: Matters = new Map();
  #againMs: number | null = null;

  constructor(options: FollowChainOptions) {
    this.#options = options;
    this.#once = new TellOnce(options.tell);
  }

  [Symbol.dispose](): void {
    this.#unlisten();
  }

  async run(): Promise<void> {
    const { signal, slowMs = usualSlowMs } = this.#options;
    signal.addEventListener("abort", () => this.#waker.wake());
    while (!signal.aborted) {
      this.#againMs = null;
      const followed = this.#record();
      this.#unlisten();
      if (followed !== null) {
        // A folder that was made anew is another one, which the former watch does not see.
        this.#listen();
        this.#tried("follow", () => this.#follow(followed));
      }
      const holdMs = (this.#againMs ?? Number.POSITIVE_INFINITY) - performance.now();
      await this.#waker.sleep(Math.max(settleMs, Math.min(slowMs, holdMs)));
      if (!signal.aborted) await Bun.sleep(settleMs);
    }
  }

  /** null means that there is no copy to keep up to date, or that it cannot be told. */
  #record(): Followed | null {
    const followed = this.#tried("record", () => followedIn(this.#options.dataDir));
    return followed?.chain.way === "copy" ? followed : null;
  }

  #unlisten(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** Without it, as where there is no folder yet, the looks from time to time find everything. */
  #listen(): void {
    try {
      this.#watcher = watch(this.#options.confDir, () => this.#waker.wake());
      this.#watcher.on("error", () => {});
    } catch {
      // There is no folder, or no further watch is to be had.
    }
  }

  /** What fails is told once, and null is returned. */
  #tried<T>(what: string, act: () => T): T | null {
    try {
      const done = act();
      this.#once.about(what, null);
      return done;
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      this.#once.about(what, failed(what, error));
      return null;
    }
  }

  #follow({ chain, confFile }: Followed): void {
    const files = readFolder(this.#options.confDir);
    const decision = decide(files, confFile, settingsInForce(files, confFile, chain));
    if (decision.want === "copy") this.#put(decision, confFile, files);
    else if (decision.want === "nothing") this.#take(decision, confFile, files);
    else this.#tellState(decision, confFile);
  }

  #tellState(decision: Decision, file: string): void {
    this.#once.about("copy", toldOf(decision, file));
  }

  #put(decision: Decision & { want: "copy" }, file: string, files: readonly FolderFile[]): void {
    const { text, follows, network } = decision;
    this.#tellState(decision, file);
    if (!this.#mayChange(text, textIn(files, file), file)) return;
    putFile(join(this.#options.confDir, file), text);
    this.#written = text;
    this.#options.tell({ event: "copied", file, follows, network });
  }

  #take(
    decision: Decision & { want: "nothing" },
    file: string,
    files: readonly FolderFile[],
  ): void {
    if (this.#mayChange(null, textIn(files, file), file)) {
      takeFile(join(this.#options.confDir, file));
      this.#written = null;
    }
    this.#tellState(decision, file);
  }

  /**
   * Whether what is there is to become `wanted` now. Where somebody else has changed what the agent put there,
   * again and again, it is told, and done ever more rarely: two that watch the folder would never rest.
   */
  #mayChange(wanted: string | null, there: string | null, file: string): boolean {
    const isOthers = this.#written !== undefined && there !== this.#written;
    if (there === wanted) {
      this.#written = there;
      this.#once.about("observed", null);
      return false;
    }
    const path = join(this.#options.confDir, file);
    if (this.#options.repair === "observe") {
      const what =
        wanted === null ? `${path} should not be there` : `${path} is not as it should be`;
      this.#once.about("observed", { event: "drift", what: [what] });
      return false;
    }
    const nowMs = performance.now();
    if (isOthers) {
      const { isDue, againMs } = judge(this.#fights, [key], nowMs);
      if (!isDue) {
        this.#againMs = againMs;
        return false;
      }
      this.#fights = tried(this.#fights, [key], true, nowMs);
      this.#tellFight(path);
    }
    return true;
  }

  #tellFight(path: string): void {
    const { fights, matters } = fightsToTell(this.#fights);
    this.#fights = matters;
    for (const { times, holdMs } of fights)
      this.#options.tell({
        event: "fight",
        what: [`${path} is changed or removed by another`],
        times,
        holdMs,
      });
  }
}

/** Ends when `signal` is aborted. What fails is told, and tried again. */
export async function followChain(options: FollowChainOptions): Promise<void> {
  using follower = new Follower(options);
  await follower.run();
}
