/**
 * Asks an API server, by the runtime's own fetch. Everything has a limit of time and of size. What goes wrong
 * is a KubeError; nothing else is thrown.
 */
import { messageOf } from "../errors.ts";
import type { Access } from "./access.ts";
import { readText } from "./bytes.ts";
import { KubeError } from "./kube-error.ts";
import { isObject } from "./objects.ts";

/** Who has set a field, as server-side apply records it. */
const fieldManager = "fairway-agent";

export interface Ask {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** From "/api" or "/apis" on. */
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Of the body. */
  type?: string;
  accept?: string;
  headers?: Readonly<Record<string, string>>;
  /** How long the whole answer may take. */
  limitMs?: number;
  mostBytes?: number;
  signal?: AbortSignal;
}

const usualLimitMs = 15_000;
const usualBytes = 4 * 1024 * 1024;
const errorBytes = 64 * 1024;

/** What an API server tells of a failure: a Status, or whatever a proxy before it says. */
function errorIn(status: number, text: string, retryAfter: string | null): KubeError {
  const seconds = Number(retryAfter ?? "0");
  const retryAfterMs = Number.isFinite(seconds) ? Math.min(60, Math.max(0, seconds)) * 1_000 : 0;
  try {
    const found: unknown = JSON.parse(text);
    if (isObject(found) && typeof found.message === "string")
      return new KubeError(status, String(found.reason ?? ""), found.message, retryAfterMs);
  } catch {
    // It is not of the API server's own making.
  }
  return new KubeError(status, "", `HTTP status ${status}: ${text}`, retryAfterMs);
}

/** Without the runtime's advice to whoever writes a program. */
const plainWords = (message: string): string =>
  message.replace(/ (For more information, pass|Is the computer able to).*/s, "");

/** A limit that starts anew whenever something comes. */
class Limit implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What did not come in time; null means that all did so far. */
  #missed: string | null = null;
  readonly #end = (): void => this.#controller.abort();

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#end();
    outer?.addEventListener("abort", this.#end);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `words` say what is to come within this time. */
  start(ms: number, words: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#missed = `${words} within ${ms} ms`;
      this.#end();
    }, ms);
  }

  /** What went wrong, in a KubeError. */
  error(error: unknown): KubeError {
    if (error instanceof KubeError) return error;
    if (this.#missed !== null) return new KubeError(null, "Timeout", this.#missed);
    return new KubeError(null, "Unreachable", plainWords(messageOf(error)));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#end);
    this.#end();
  }
}

export class KubeClient {
  readonly #access: Access;
  readonly #userAgent: string;

  constructor(access: Access, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
  }

  get server(): string {
    return this.#access.server;
  }

  async #fetch(ask: Ask, signal: AbortSignal): Promise<Response> {
    const { token, tls } = this.#access.credentials(performance.now());
    const query = new URLSearchParams(ask.query);
    const url = `${this.#access.server}${ask.path}${query.size === 0 ? "" : `?${query}`}`;
    const response = await fetch(url, {
      method: ask.method ?? "GET",
      headers: {
        Accept: ask.accept ?? "application/json",
        "User-Agent": this.#userAgent,
        ...ask.headers,
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(ask.body !== undefined && { "Content-Type": ask.type ?? "application/json" }),
      },
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
      // A token is for this server, and not for where it might send us.
      redirect: "manual",
      signal,
      tls,
      ...(this.#access.socket !== null && { unix: this.#access.socket }),
    });
    if (response.ok) return response;
    const text = await readText(response.body, errorBytes);
    throw errorIn(response.status, text, response.headers.get("retry-after"));
  }

  /** What is known of us may just have been replaced, so after a 401 it is read again, once. */
  async #open(ask: Ask, signal: AbortSignal): Promise<Response> {
    try {
      return await this.#fetch(ask, signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 401) throw error;
      this.#access.forget();
      return await this.#fetch(ask, signal);
    }
  }

  /** The answer's JSON. */
  async ask(ask: Ask): Promise<unknown> {
    const limitMs = ask.limitMs ?? usualLimitMs;
    using limit = new Limit(ask.signal);
    limit.start(limitMs, "no whole answer");
    try {
      const response = await this.#open(ask, limit.signal);
      const text = await readText(response.body, ask.mostBytes ?? usualBytes);
      return text === "" ? null : JSON.parse(text);
    } catch (error) {
      throw limit.error(error);
    }
  }

  /**
   * What comes, chunk by chunk, until the API server ends it. Where nothing comes for `silenceMs`, the
   * connection is taken for dead.
   */
  async *stream(ask: Ask, silenceMs: number): AsyncGenerator<Uint8Array, void> {
    using limit = new Limit(ask.signal);
    limit.start(ask.limitMs ?? usualLimitMs, "no answer");
    try {
      const { body } = await this.#open(ask, limit.signal);
      if (body === null) return;
      limit.start(silenceMs, "nothing came");
      for await (const chunk of body) {
        limit.start(silenceMs, "nothing came");
        yield chunk;
      }
    } catch (error) {
      throw limit.error(error);
    }
  }

  /** Server-side apply: what is not in `object`, and was in what we applied before, is taken away. */
  apply(path: string, object: unknown, signal: AbortSignal): Promise<unknown> {
    return this.ask({
      method: "PATCH",
      path,
      query: { fieldManager, force: "true" },
      body: object,
      type: "application/apply-patch+yaml",
      signal,
    });
  }

  patch(
    path: string,
    kind: "merge" | "json",
    body: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    const type = kind === "merge" ? "application/merge-patch+json" : "application/json-patch+json";
    return this.ask({ method: "PATCH", path, query: { fieldManager }, body, type, signal });
  }

  /** Deletes it where it is still the object of that uid. */
  remove(path: string, uid: string, signal: AbortSignal): Promise<unknown> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
    return this.ask({ method: "DELETE", path, body, signal });
  }

  create(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return this.ask({ method: "POST", path, query: { fieldManager }, body, signal });
  }
}
