/** How a command that goes on is ended. */

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The signal is aborted by the user's Ctrl-C, by a TERM, or by a reader that went away (EPIPE:
 * `fairway top | head`). It stays in place for the rest of the process: a second Ctrl-C must not end it before the terminal
 * is given back.
 */
export function stopController(): AbortController {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of endSignals) process.on(name, stop);
  process.stdout.on("error", stop);
  return controller;
}
