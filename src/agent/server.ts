/** Listens on the agent's socket, and gives each request its answer. */

import { buildId, target, version } from "../build.ts";
import type { RefusedPod } from "../cluster/refusals.ts";
import { effect, effectsOfVerb } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { takeUnclosed } from "../kernel/write/transaction.ts";
import type { Metrics } from "../metrics/metrics.ts";
import * as answers from "./answers.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { lacksFiles } from "./own-limits.ts";
import type { PageDoor } from "./page-door.ts";
import { type Peer, peerOf } from "./peers.ts";
import { askedBy, type HttpRequest, protocolVersion } from "./protocol.ts";
import { type Job, VerbQueue } from "./queue.ts";
import { serveVerb } from "./serve-verb.ts";
import { type VerbCall, verbCallIn } from "./verb-call.ts";

const mostConnections = 1_000;

/** After this long without a verb, what verbs have left open or in memory is given back. */
const tidiedAfterMs = 1_000;

/** What became of the verbs that were asked for. */
interface Counts {
  served: number;
  failed: number;
  declined: number;
  /** Whoever asked was gone before the verb began. */
  abandoned: number;
}

export interface ServerOptions {
  /** An absolute path. */
  socket: string;
  metrics: Metrics;
  page: PageDoor;
  startedAt: Date;
  /** Called where the agent itself is at fault, and should end. */
  onDefect(error: unknown): void;
  /** Called when there was no verb for a while. */
  tidy(): void;
  /** Called for an ADD whose pod cannot have what it asks for. */
  onRefused(refused: RefusedPod): void;
}

export class AgentServer {
  readonly #options: ServerOptions;
  readonly #queue = new VerbQueue();
  readonly #connections: Connections;
  readonly #counts: Counts = { served: 0, failed: 0, declined: 0, abandoned: 0 };
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #listener: { stop(): void };
  #isStopped = false;
  #isReady = false;
  #tidying: ReturnType<typeof setTimeout> | undefined;
  #lastDeclined: string | null = null;

  /** Throws io. */
  constructor(options: ServerOptions) {
    this.#options = options;
    this.#connections = new Connections({
      most: mostConnections,
      tooMany: () => answers.declined(`${mostConnections} others are connected`),
      onRequest: (request, connection) => this.#answer(request, connection),
      onDefect: options.onDefect,
    });
    this.#listener = this.#listen(options.socket);
  }

  /** All is done that is done before the first verb comes. Verbs are served without that, too. */
  ready(): void {
    this.#isReady = true;
  }

  /** Nothing new is taken. What was accepted has been answered. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#tidying);
    this.#queue.stop();
    this.#listener.stop();
  }

  /** Whether a verb waits for its turn. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  get isQuiet(): boolean {
    return this.#connections.size === 0;
  }

  #listen(path: string): { stop(): void } {
    // Nobody else may connect, from the first moment.
    const umask = process.umask(0o177);
    try {
      return Bun.listen<Connection | undefined>({
        unix: path,
        // A launcher may say that it has sent everything.
        allowHalfOpen: true,
        socket: this.#connections.handlers,
      });
    } catch (error) {
      throw new FairwayError(
        "io",
        `cannot listen on ${path}: ${messageOf(error)}`,
        "the path of a Unix socket may have 107 bytes; run as root, and see ls -ld of its folder",
        { cause: error },
      );
    } finally {
      process.umask(umask);
    }
  }

  /** The runtime would hand what is thrown in a handler to nobody. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onDefect(error);
    }
  }

  #answer(request: HttpRequest, connection: Connection): void {
    const asked = askedBy(request);
    if (typeof asked !== "string") {
      connection.answer(answers.refusedWith(asked));
      return;
    }
    switch (asked) {
      case "health":
        connection.answer(answers.plain(200, "ok"));
        return;
      case "readiness":
        connection.answer(this.#readiness());
        return;
      case "version":
        connection.answer(answers.json(this.#about()));
        return;
      case "metrics":
        this.#tellMetrics(request, connection);
        return;
      case "page":
        if (this.#peerOf(connection, "the page") !== null)
          this.#options.page.open(request, "socket", connection);
        return;
      case "verb":
        this.#takeVerb(request.body, connection);
    }
  }

  #readiness(): ReturnType<typeof answers.plain> {
    if (this.#isStopped) return answers.plain(503, "the agent is about to end");
    return this.#isReady
      ? answers.plain(200, "ok")
      : answers.plain(503, "verbs are served, and what all pods share is being made");
  }

  #about(): unknown {
    return {
      version,
      build: buildId,
      target,
      protocol: Number(protocolVersion),
      pid: process.pid,
      startedAt: this.#options.startedAt.toISOString(),
      verbs: { ...this.#counts, waiting: this.#queue.length, lastDeclined: this.#lastDeclined },
    };
  }

  /** null means that whoever asks was answered: only root, and whom the agent runs as, may ask for `what`. */
  #peerOf(connection: Connection, what: string): Peer | null {
    const peer = peerOf(connection.socket);
    if (peer === null) {
      this.#decline(connection, "the agent cannot tell which process asks");
      return null;
    }
    if (peer.uid === 0 || peer.uid === this.#uid) return peer;
    const reason = `uid ${peer.uid} asked for ${what}, and only root may`;
    connection.answer(answers.refusedWith({ status: 403, reason }));
    return null;
  }

  #tellMetrics({ headers }: HttpRequest, connection: Connection): void {
    if (this.#peerOf(connection, "the metrics") === null) return;
    this.#options.metrics.scrape(headers.get("accept") ?? "").then(
      ({ contentType, text }) => connection.answer(answers.page(contentType, text)),
      (error: unknown) => {
        if (!(error instanceof FairwayError)) this.#options.onDefect(error);
        else connection.answer(answers.plain(503, error.message));
      },
    );
  }

  #takeVerb(body: Uint8Array, connection: Connection): void {
    const peer = this.#peerOf(connection, "a verb");
    if (peer === null) return;
    const call = verbCallIn(body);
    if ("reason" in call) {
      connection.answer(answers.refusedWith(call));
      return;
    }
    if (lacksFiles(connection.socket)) {
      this.#decline(connection, "the agent has no room for more open files");
      return;
    }
    const job: Job = {
      run: (untilMs) =>
        this.#guarded(() => effectsOfVerb(() => this.#run(call, peer, connection, untilMs))),
      queued: () => {
        const isHeard = connection.tell(answers.queued);
        if (!isHeard) this.#counts.abandoned += 1;
        return isHeard;
      },
      decline: (why) => this.#decline(connection, why),
    };
    connection.onGone = () => this.#queue.remove(job);
    this.#queue.add(job);
  }

  #run(call: VerbCall, peer: Peer, connection: Connection, acceptUntilMs: number): void {
    const startedMs = performance.now();
    const served = serveVerb(call, peer, () => {
      if (performance.now() > acceptUntilMs)
        return { state: "declined", why: "it took too long to look for what is in the way" };
      const isHeard = effect("file", "accept the verb", () => connection.tell(answers.accepted));
      return isHeard ? null : { state: "nobody" };
    });
    switch (served.state) {
      case "nobody":
        this.#counts.abandoned += 1;
        return;
      case "declined":
        this.#decline(connection, served.why);
        if (served.refused) this.#options.onRefused(served.refused);
        return;
      case "ended":
        this.#counts[served.exitCode === 0 ? "served" : "failed"] += 1;
        this.#options.metrics.happenings.verb(
          call.env.CNI_COMMAND ?? "",
          "agent",
          (performance.now() - startedMs) / 1000,
        );
        effect("file", "print the answer", () => connection.answer(answers.ended(served)));
        if (served.refused !== null) this.#options.onRefused(served.refused);
        this.#tidyLater();
    }
  }

  #tidyLater(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#tidying);
    this.#tidying = setTimeout(() => {
      takeUnclosed()?.[Symbol.dispose]();
      this.#guarded(() => this.#options.tidy());
      Bun.gc(true);
    }, tidiedAfterMs);
  }

  #decline(connection: Connection, why: string): void {
    this.#counts.declined += 1;
    this.#lastDeclined = why;
    connection.answer(answers.declined(why));
  }
}
