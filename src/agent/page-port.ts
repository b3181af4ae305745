/**
 * Serves the page on a port of the loopback. Everybody on the node can connect to it, so what it tells needs a session;
 * verbs, metrics and tokens are not served there.
 */
import { isIPv6 } from "node:net";
import { messageOf } from "../errors.ts";
import { sleep } from "../kube/follow.ts";
import type { Tell } from "../tell.ts";
import * as answers from "./answers.ts";
import { Connections } from "./connections.ts";
import type { PageDoor } from "./page-door.ts";

export interface PortOptions {
  /** A loopback address. */
  hostname: string;
  port: number;
}

interface PagePortOptions extends PortOptions {
  page: PageDoor;
  tell: Tell;
  onDefect(error: unknown): void;
  signal: AbortSignal;
}

/** A browser opens six at a time. Each has two seconds for its request, and five to take the answer. */
const mostConnections = 64;
/** A port that is another's is tried again after this time. */
const againMs = 5_000;

const textOf = ({ hostname, port }: PortOptions): string =>
  `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;

async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (!signal.aborted) await promise;
}

function listen({ hostname, port, page, onDefect }: PagePortOptions): {
  stop(closeActive?: boolean): void;
  port: number;
} {
  const connections = new Connections({
    most: mostConnections,
    tooMany: () => answers.plain(503, `${mostConnections} others are connected`),
    onRequest: (request, connection) => page.open(request, "port", connection),
    onDefect,
  });
  return Bun.listen({ hostname, port, allowHalfOpen: true, socket: connections.handlers });
}

/** Until the signal. Verbs are served whatever becomes of it: a port that cannot be had is told, and tried again. */
export async function servePage(options: PagePortOptions): Promise<void> {
  const { hostname, page, tell, signal } = options;
  let isTold = false;
  while (!signal.aborted) {
    try {
      const listener = listen(options);
      page.address = textOf({ hostname, port: listener.port });
      tell("info", "the page is served", { address: page.address });
      await aborted(signal);
      page.address = null;
      listener.stop(true);
    } catch (error) {
      if (!isTold)
        tell("error", `cannot serve the page on ${textOf(options)}: ${messageOf(error)}`, {
          details: "give a port of the loopback that is free (--ui ADDRESS:PORT)",
        });
      isTold = true;
      await sleep(againMs, signal);
    }
  }
}
