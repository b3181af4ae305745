/**
 * Follows a set of objects: lists it, watches it from there, and begins anew where that ends. It does what
 * client-go's reflector does, and lists the whole set from time to time besides, so that an event that was lost
 * does not stay lost. It never throws: an API server that fails is asked again, ever more rarely.
 */
import { messageOf } from "../errors.ts";
import { Lines } from "./bytes.ts";
import type { KubeClient } from "./client.ts";
import { Known } from "./known.ts";
import { isOutOfRange, KubeError } from "./kube-error.ts";
import { isObject, type Json, type Meta } from "./objects.ts";
import { pauseMs } from "./pause.ts";
import { parseEvent } from "./watch-event.ts";

export interface FollowPace {
  /** How long a watch is asked for, at least; up to twice that. */
  watchMs: number;
  /** A watch tells at least a bookmark each minute. */
  silenceMs: number;
  /** The whole set is listed at least this often. */
  relistMs: number;
}

const usualPace: FollowPace = {
  watchMs: 300_000,
  silenceMs: 150_000,
  relistMs: 30 * 60_000,
};

export interface FollowOptions<T> {
  client: KubeClient;
  path: string;
  /** fieldSelector, labelSelector. */
  query?: Readonly<Record<string, string>>;
  /** Whether only the objects' metadata are asked for. */
  metadataOnly?: boolean;
  /** What is kept of an object. It must not throw. */
  read(object: Json, meta: Meta): T;
  /** Called with the whole set whenever something of it may have changed. It must not throw. */
  onChange(values: T[]): void;
  /** Called when the API server fails, and with null when it does not any more. */
  onTrouble(trouble: KubeError | null): void;
  signal: AbortSignal;
  /** From 0 to below 1. */
  chance?: () => number;
  pace?: Partial<FollowPace>;
}

const pageSize = 500;
const listLimitMs = 60_000;
const listBytes = 64 * 1024 * 1024;
/** The API server takes no object that is larger than 3 MiB. */
const eventBytes = 8 * 1024 * 1024;
/** A watch that ends sooner, without having told anything, counts as a failure. */
const shortMs = 1_000;

const metadataAs = (kind: string): string =>
  `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

/** Sleeps, but not beyond the end. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = (): void => resolve();
  signal.addEventListener("abort", end);
  await promise;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
}

class Follower<T> {
  readonly #options: FollowOptions<T>;
  readonly #pace: FollowPace;
  readonly #chance: () => number;
  readonly #known: Known<T>;
  /** From which a watch goes on; null means that the set has to be listed. */
  #version: string | null = null;
  /**
   * A list has to be at least as new. "0" takes whatever the API server has at hand, which costs it least; ""
   * asks for the newest.
   */
  #atLeast = "0";
  #hasPages = true;
  #listedAtMs = 0;
  #failures = 0;

  constructor(options: FollowOptions<T>) {
    this.#options = options;
    this.#pace = { ...usualPace, ...options.pace };
    this.#chance = options.chance ?? Math.random;
    this.#known = new Known(options.read);
  }

  async run(): Promise<void> {
    const { signal, onTrouble } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#version === null || this.#isRelistDue()) await this.#list();
        else await this.#watch(this.#version);
      } catch (error) {
        if (signal.aborted) return;
        const trouble =
          error instanceof KubeError ? error : new KubeError(null, "", messageOf(error));
        this.#failed(trouble);
        // A version that is too old is no fault of anybody's.
        if (!isOutOfRange(trouble)) onTrouble(trouble);
        const pause = pauseMs(this.#failures, this.#chance());
        await sleep(Math.max(pause, trouble.retryAfterMs), signal);
      }
    }
  }

  #isRelistDue(): boolean {
    return performance.now() - this.#listedAtMs > this.#pace.relistMs;
  }

  #failed(trouble: KubeError): void {
    this.#failures += 1;
    if (!isOutOfRange(trouble)) return;
    this.#version = null;
    this.#atLeast = "";
  }

  #worked(): void {
    if (this.#failures > 0) this.#options.onTrouble(null);
    this.#failures = 0;
  }

  async #list(): Promise<void> {
    const items: unknown[] = [];
    let [version, next] = ["", ""];
    do {
      const page = await this.#page(next);
      items.push(...(Array.isArray(page.items) ? page.items : []));
      const { resourceVersion = "", continue: more = "" } = isObject(page.metadata)
        ? page.metadata
        : {};
      [version, next] = [String(resourceVersion), String(more)];
    } while (next !== "" && !this.#options.signal.aborted);
    if (this.#options.signal.aborted) return;
    [this.#version, this.#atLeast, this.#hasPages] = [version, version, true];
    this.#listedAtMs = performance.now() - this.#chance() * 0.1 * this.#pace.relistMs;
    this.#known.replace(items);
    this.#worked();
    this.#options.onChange(this.#known.values);
  }

  /** Without the second word, a version along with a page size would ask for that version alone. */
  #notOlder(): Record<string, string> {
    if (this.#atLeast === "") return {};
    return { resourceVersion: this.#atLeast, resourceVersionMatch: "NotOlderThan" };
  }

  async #page(next: string): Promise<Json> {
    const { client, path, query, metadataOnly, signal } = this.#options;
    try {
      const page = await client.ask({
        path,
        query: {
          ...query,
          ...(this.#hasPages && { limit: String(pageSize) }),
          ...(next === "" ? this.#notOlder() : { continue: next }),
        },
        ...(metadataOnly && { accept: metadataAs("PartialObjectMetadataList") }),
        limitMs: listLimitMs,
        mostBytes: listBytes,
        signal,
      });
      if (isObject(page)) return page;
      throw new KubeError(null, "Malformed", "a list is no object");
    } catch (error) {
      // The pages took longer than the API server keeps a version: it is asked for all at once.
      if (next !== "" && isOutOfRange(error)) this.#hasPages = false;
      throw error;
    }
  }

  async #watch(from: string): Promise<void> {
    const { client, path, query, metadataOnly, signal, onChange } = this.#options;
    const startedAtMs = performance.now();
    const seconds = Math.ceil((this.#pace.watchMs * (1 + this.#chance())) / 1_000);
    const lines = new Lines(eventBytes);
    let hasTold = false;
    const ask = {
      path,
      query: {
        ...query,
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: from,
        timeoutSeconds: String(seconds),
      },
      ...(metadataOnly && { accept: metadataAs("PartialObjectMetadata") }),
      signal,
    };
    for await (const chunk of client.stream(ask, this.#pace.silenceMs)) {
      let isChanged = false;
      try {
        for (const line of lines.take(chunk)) {
          const event = parseEvent(line);
          hasTold = true;
          this.#worked();
          isChanged = this.#known.take(event) || isChanged;
          this.#goOnFrom(
            event.type === "bookmark" ? event.resourceVersion : versionIn(event.object),
          );
        }
      } finally {
        if (isChanged) onChange(this.#known.values);
      }
      if (this.#isRelistDue()) return;
    }
    if (signal.aborted) return;
    if (!hasTold && performance.now() - startedAtMs < shortMs)
      throw new KubeError(null, "ShortWatch", "a watch ended as soon as it had begun");
    this.#worked();
  }

  #goOnFrom(version: string): void {
    if (version === "") return;
    this.#version = version;
    this.#atLeast = version;
  }
}

const versionIn = ({ metadata }: Json): string =>
  isObject(metadata) && typeof metadata.resourceVersion === "string"
    ? metadata.resourceVersion
    : "";

/** Ends when `signal` is aborted. */
export const follow = <T>(options: FollowOptions<T>): Promise<void> => new Follower(options).run();
