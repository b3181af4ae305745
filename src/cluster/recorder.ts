/** Writes events to the API server, one after the other. What it cannot write in time is left out. */
import { messageOf } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { sleep } from "../kube/follow.ts";
import { isConflict, isMissing, isRefused, KubeError } from "../kube/kube-error.ts";
import { isObject } from "../kube/objects.ts";
import { pauseMs } from "../kube/pause.ts";
import { type EventAct, EventLog, type Happened } from "./event-log.ts";
import { noteOf } from "./words.ts";

export interface RecorderOptions {
  client: KubeClient;
  node: string;
  signal: AbortSignal;
  /** Called with why events cannot be written, and with null when they can again. */
  onTrouble(trouble: string | null): void;
}

const controller = "fairway.dev/agent";
/** While an API server is away, the oldest are left out beyond these. */
const mostWaiting = 500;
/** An event that is older than this tells nobody anything. */
const longestMs = 10 * 60_000;
/** At most so often, so that a node with many pods does not keep the API server busy. */
const paceMs = 50;

/** Kubernetes' times have microseconds. */
const microTime = (date: Date): string => date.toISOString().replace("Z", "000Z");

const pathOf = ({ namespace }: Happened["regarding"]): string =>
  `/apis/events.k8s.io/v1/namespaces/${namespace === "" ? "default" : namespace}/events`;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #log = new EventLog();
  #waiting: { act: EventAct; at: Date; sinceMs: number }[] = [];
  #isWriting = false;
  #failures = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** It waits for nothing. */
  tell(happened: Happened): void {
    const cleaned = { ...happened, note: noteOf(happened.note) };
    const act = this.#log.take(cleaned, performance.now());
    if (act === null) return;
    if (this.#waiting.length >= mostWaiting) this.#waiting.shift();
    this.#waiting.push({ act, at: new Date(), sinceMs: performance.now() });
    if (!this.#isWriting) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    const { signal } = this.#options;
    for (
      let next = this.#waiting[0];
      next !== undefined && !signal.aborted;
      next = this.#waiting[0]
    ) {
      const isOld = performance.now() - next.sinceMs > longestMs;
      if (isOld || (await this.#written(next.act, next.at)))
        this.#waiting = this.#waiting.filter((each) => each !== next);
      await sleep(this.#failures === 0 ? paceMs : pauseMs(this.#failures, Math.random()), signal);
    }
    this.#isWriting = false;
  }

  /** false means that it is tried again. */
  async #written(act: EventAct, at: Date): Promise<boolean> {
    try {
      await this.#write(act, at);
      this.#trouble(null);
      return true;
    } catch (error) {
      // A namespace that is being deleted takes none any more, and then there is nobody to read them.
      const isOver = isRefused(error);
      const isForbidden = error instanceof KubeError && error.status === 403;
      if (!isOver || (isForbidden && !/being terminated/.test(error.message)))
        this.#trouble(messageOf(error));
      if (!isOver) this.#failures += 1;
      return isOver;
    }
  }

  #trouble(words: string | null): void {
    if (words === null) this.#failures = 0;
    this.#options.onTrouble(words);
  }

  async #write(act: EventAct, at: Date): Promise<void> {
    const { client, signal } = this.#options;
    const { happened, name, count } = act;
    const path = pathOf(happened.regarding);
    if (count === 1) {
      try {
        await client.create(path, this.#event(act, at), signal);
        return;
      } catch (error) {
        // An agent before this one has told it. What is a state is told by that; what repeats is counted on.
        if (!isConflict(error)) throw error;
        if (happened.type === "Normal") return;
      }
    }
    try {
      const before = await client.ask({ path: `${path}/${name}`, signal });
      const series = isObject(before) && isObject(before.series) ? before.series : {};
      const known = typeof series.count === "number" ? series.count : 1;
      const observed = { count: Math.max(known + 1, count), lastObservedTime: microTime(at) };
      await client.patch(`${path}/${name}`, "merge", { series: observed }, signal);
    } catch (error) {
      // The API server has forgotten it.
      if (!isMissing(error)) throw error;
      await client.create(path, this.#event(act, at), signal);
    }
  }

  #event({ happened, name }: EventAct, at: Date): unknown {
    const { regarding, type, reason, action, note } = happened;
    const { namespace, ...object } = regarding;
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace: namespace === "" ? "default" : namespace },
      eventTime: microTime(at),
      reportingController: controller,
      reportingInstance: this.#options.node.slice(0, 128),
      action,
      reason,
      regarding: namespace === "" ? object : { ...object, namespace },
      note,
      type,
    };
  }
}
