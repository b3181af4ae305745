/**
 * Serves the agent's pages by TLS, each to whoever may have it. There is no port without a certificate, and no answer
 * without a right.
 */
import { readFileSync } from "node:fs";
import type { Server } from "bun";
import { FairwayError, messageOf } from "../errors.ts";
import { sleep } from "../kube/follow.ts";
import type { Tell } from "../tell.ts";
import { type Page, tokenHeader } from "./pages.ts";
import { bearerIn, type PagePermission } from "./permission.ts";

export interface ListenOptions {
  /** An address of the node's. */
  hostname: string;
  /** 0 is whichever is free. */
  port: number;
  /** Paths of PEM files. */
  certFile: string;
  keyFile: string;
}

interface ListenerOptions {
  listen: ListenOptions;
  pages: readonly Page[];
  permission: PagePermission;
  tell: Tell;
  signal: AbortSignal;
}

interface Pair {
  cert: string;
  key: string;
}

/** A certificate that was renewed is served after this time, at the latest. */
const lookMs = 10_000;
/** What could not be served is tried again after this time. */
const againMs = 5_000;
const farewellMs = 2_000;
/** A scraper that reads nothing for so long is left. */
const idleSeconds = 10;
/** A look at the node waits for those before it. */
const answerSeconds = 60;
/** A request has a header and no body. */
const mostBodyBytes = 1_024;

/** What is told now is not to be told later, by whoever stands between. */
const ownHeaders = { "Cache-Control": "no-store" };

const said = (status: number, words: string): Response =>
  new Response(`${words}\n`, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
      ...ownHeaders,
    },
  });

function readPair({ certFile, keyFile }: ListenOptions): Pair {
  const textOf = (file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new FairwayError(
        "io",
        `cannot read ${file}, which the metrics are served with: ${messageOf(error)}`,
        "give the PEM files of a certificate and its key (--metrics-tls-cert, --metrics-tls-key)",
      );
    }
  };
  return { cert: textOf(certFile), key: textOf(keyFile) };
}

/** Scrapes that are under way are answered; a connection that is only kept is not waited for. */
async function end(server: Server<undefined>, signal: AbortSignal): Promise<void> {
  await Promise.race([server.stop(), sleep(farewellMs, signal)]);
  await server.stop(true);
}

export class MetricsListener {
  readonly #options: ListenerOptions;
  #served: { server: Server<undefined>; pair: Pair } | null = null;
  #told = "";

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Until the signal. Verbs are served whatever becomes of it: what fails is told, and tried again. A certificate that
   * was renewed takes the place of the one before.
   */
  async run(): Promise<void> {
    const { signal, tell } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#look();
        this.#told = "";
      } catch (error) {
        if (!(error instanceof FairwayError)) throw error;
        const { message, details } = error;
        if (message !== this.#told) tell("error", message, { details });
        this.#told = message;
      }
      await sleep(this.#served === null ? againMs : lookMs, signal);
    }
    await this.#served?.server.stop(true);
  }

  /** Throws io. */
  async #look(): Promise<void> {
    const { listen, tell, signal } = this.#options;
    const pair = readPair(listen);
    const former = this.#served;
    if (pair.cert === former?.pair.cert && pair.key === former.pair.key) return;
    // The runtime cannot exchange the certificate of a server that listens, so a second one listens beside it.
    const server = this.#listen(pair, former?.server.port ?? listen.port);
    this.#served = { server, pair };
    tell("info", "metrics are served", { address: listen.hostname, port: server.port });
    if (former !== null) await end(former.server, signal);
  }

  #listen(tls: Pair, port: number): Server<undefined> {
    const { hostname } = this.#options.listen;
    try {
      return Bun.serve({
        ...{ hostname, port, tls, reusePort: true },
        idleTimeout: idleSeconds,
        maxRequestBodySize: mostBodyBytes,
        fetch: (request, server) => {
          server.timeout(request, answerSeconds);
          return this.#answer(request);
        },
        error: () => said(500, "the request ended in a defect of the agent"),
      });
    } catch (error) {
      throw new FairwayError(
        "io",
        `cannot serve the metrics on ${hostname} port ${port}: ${messageOf(error)}`,
        "give an address of this node and a port that is free (--metrics-listen), and a certificate with its own key",
      );
    }
  }

  async #answer({ headers, method, url }: Request): Promise<Response> {
    const { pages, permission } = this.#options;
    const { pathname, searchParams: query } = new URL(url);
    const page = pages.find(({ path }) => path === pathname);
    if (page === undefined)
      return said(404, `there are ${pages.map(({ path }) => path).join(", ")}`);
    const token = headers.get(tokenHeader) ?? bearerIn(headers.get("authorization"));
    const allowed = await permission.of(token, page);
    if (!allowed.may) return said(allowed.status, allowed.words);
    const takes = page.verb.toUpperCase();
    if (method !== takes) return said(405, `${page.path} takes ${takes}`);
    try {
      const { contentType, text } = await page.answer({
        accept: headers.get("accept") ?? "",
        query,
      });
      return new Response(text, { headers: { "Content-Type": contentType, ...ownHeaders } });
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      const words = [error.message, error.details ?? []].flat().join("; ");
      return said(error.kind === "badConfig" ? 400 : 503, words);
    }
  }
}
