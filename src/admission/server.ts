/** Answers the API server's reviews over HTTPS. Everything has a limit of time and of size. */
import type { Server } from "bun";
import { readText } from "../kube/bytes.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Tiers } from "../promise/tiers.ts";
import type { KeyPair } from "./certificate.ts";
import { type Question, reviewed } from "./review.ts";

export interface ServerOptions {
  /** 0 is whichever is free. */
  port: number;
  /** Absent is every address that the host has, of both families. */
  hostname?: string;
  /** Of the class that is counted by; null means that there is none. */
  tiers(): Tiers | null;
  /** Whether everything is known that an answer needs. */
  isReady(): boolean;
}

/** An object has at most 3 MiB to an API server, and a review has it twice. */
const mostBytes = 8 * 1024 * 1024;
/** The API server itself gives up long before. */
const bodyWithinMs = 5_000;
/** More than the 90 s after which an API server closes an idle connection: what it sends meets no closed one. */
const idleSeconds = 120;
/** So long a server that another one follows answers beside it, and closes each connection with its answer. */
const besideMs = 2_000;
/** How long the last answers may take. */
const answeredWithinMs = 1_000;
/** More than so many at a time are sent away. */
const mostAtOnce = 64;

const questions: Readonly<Record<string, Question>> = {
  "/mutate": "mutate",
  "/validate": "validate",
};

const said = (status: number, words: string): Response =>
  new Response(`${words}\n`, { status, headers: { "Content-Type": "text/plain" } });

const late = Symbol("late");

/** Throws KubeError where it has too many bytes. */
async function bodyOf(request: Request): Promise<string | typeof late> {
  const { promise, resolve } = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => resolve(late), bodyWithinMs);
  try {
    return await Promise.race([readText(request.body, mostBytes), promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function ended(server: Server<undefined>): Promise<void> {
  await Promise.race([server.stop(), Bun.sleep(answeredWithinMs)]);
  await server.stop(true);
}

export class ReviewServer {
  readonly #options: ServerOptions;
  #server: Server<undefined> | null = null;
  #underWay = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** null until there is a certificate. */
  get port(): number | null {
    return this.#server?.port ?? null;
  }

  /**
   * With this certificate from now on. The runtime cannot exchange that of a server that listens, so a second one
   * listens beside it before the first one ends. Until then that one answers, each time for the last time on a
   * connection, since what is sent on one that it closes unasked is lost.
   */
  async serve({ certificate, key }: KeyPair): Promise<void> {
    const former = this.#server;
    this.#server = Bun.serve({
      ...(this.#options.hostname !== undefined && { hostname: this.#options.hostname }),
      port: former?.port ?? this.#options.port,
      reusePort: true,
      tls: { cert: certificate, key },
      idleTimeout: idleSeconds,
      maxRequestBodySize: mostBytes,
      fetch: async (request, asked) => {
        const response = await this.#answer(request);
        const isLast = asked !== this.#server || !this.#options.isReady();
        if (isLast) response.headers.set("Connection", "close");
        return response;
      },
      error: () => said(500, "the review ended in a defect of the webhook"),
    });
    if (former === null) return;
    await Bun.sleep(besideMs);
    await ended(former);
  }

  /** Takes no more connections. What is under way is answered; connections that are only kept open are cut. */
  async stop(): Promise<void> {
    if (this.#server !== null) await ended(this.#server);
    this.#server = null;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return said(200, "ok");
    if (pathname === "/readyz")
      return this.#options.isReady() ? said(200, "ok") : said(503, "not everything is known yet");
    const question = Object.hasOwn(questions, pathname) ? questions[pathname] : undefined;
    if (question === undefined)
      return said(404, `${Object.keys(questions).join(", ")} are answered`);
    if (request.method !== "POST") return said(405, "a review is sent by POST");
    if (this.#underWay >= mostAtOnce) return said(503, `${mostAtOnce} reviews are under way`);
    this.#underWay++;
    try {
      return await this.#review(question, request);
    } finally {
      this.#underWay--;
    }
  }

  async #review(question: Question, request: Request): Promise<Response> {
    let text: string | typeof late;
    try {
      text = await bodyOf(request);
    } catch (error) {
      if (error instanceof KubeError)
        return said(413, `a review has at most ${mostBytes} bytes, and this one has more`);
      return said(400, "the body did not come whole");
    }
    if (text === late) return said(408, `the body did not come within ${bodyWithinMs} ms`);
    const result = reviewed(question, text, this.#options.tiers());
    return result.ok ? Response.json(result.review) : said(400, result.words);
  }
}
