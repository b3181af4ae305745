/** The way to the page. Nothing of the page is loaded before somebody asks for it. */
import { hostname } from "node:os";
import { version } from "../build.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { PageRequest } from "../ui/guard.ts";
import type { Page } from "../ui/page.ts";
import * as answers from "./answers.ts";
import type { Connection } from "./connection.ts";
import type { HttpRequest } from "./protocol.ts";

export interface PageDoorOptions {
  metrics: Metrics;
  /** What the cluster calls the node; null where there is none. */
  node: string | null;
  startedAt: Date;
  onDefect(error: unknown): void;
}

export class PageDoor {
  readonly #options: PageDoorOptions;
  #page: Promise<Page> | undefined;
  /** Where a port serves it: "127.0.0.1:9465". null means that none does. */
  address: string | null = null;

  constructor(options: PageDoorOptions) {
    this.#options = options;
  }

  async #load(): Promise<Page> {
    const { metrics, node, startedAt } = this.#options;
    const { Page } = await import("../ui/page.ts");
    return new Page({
      live: () => metrics.live(),
      about: { node: node ?? hostname(), version, startedAt: startedAt.toISOString() },
      address: () => this.address,
      nowMs: () => performance.now(),
    });
  }

  /** For whoever has proved already that they may: the token of a session, and the path that spends it. */
  async token(): Promise<ReturnType<Page["token"]>> {
    this.#page ??= this.#load();
    return (await this.#page).token();
  }

  open(request: HttpRequest, over: PageRequest["over"], connection: Connection): void {
    this.#page ??= this.#load();
    this.#page
      .then((page) => connection.answer(answers.ofPage(page.answer({ ...request, over }))))
      .catch((error: unknown) => this.#options.onDefect(error));
  }
}
