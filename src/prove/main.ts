import { accessSync, constants, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { FairwayError, messageOf } from "../errors.ts";
import { version } from "../ops/version.ts";
import type { ProveOptions } from "./command.ts";
import { renderHtml } from "./html/page.ts";
import { makeProgress } from "./progress.ts";
import type { Verdict } from "./result.ts";
import { prove, totalSeconds } from "./run.ts";
import { requirePlugin } from "./self.ts";
import { settingsFor } from "./settings.ts";
import { renderTable } from "./table.ts";

/**
 * The whole command: the run and its renderings.
 * @throws FairwayError for what this machine lacks or what failed on the way.
 */
export async function runProve(options: ProveOptions): Promise<Verdict> {
  const settings = settingsFor(options.wire, options.duration);
  requireMeans();
  // Known before the minute of measuring, not after it.
  if (options.html !== undefined) checkWritable("--html", options.html);

  const progress = makeProgress(
    { isTTY: process.stderr.isTTY === true, write: (text) => void process.stderr.write(text) },
    totalSeconds(settings),
  );
  const result = await interruptible((signal) =>
    prove({ settings, fairwayVersion: version, progress, signal }),
  );
  if (options.html !== undefined) writeFileSync(options.html, renderHtml(result));
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : renderTable(result));
  return result.verdict;
}

/** @throws FairwayError unavailable */
export function requireMeans(): void {
  requirePlugin();
  if (process.getuid?.() === 0) return;
  throw new FairwayError(
    "unavailable",
    "fairway prove makes network namespaces, and only root may",
    "run it as root; it touches no interface of this machine",
  );
}

/** @throws FairwayError io, before anything is measured. */
export function checkWritable(option: string, file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new FairwayError("io", `${option}: cannot write ${file}: ${messageOf(error)}`);
  }
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal ends the run through `signal`, so that all is cleaned up, and then the process. */
export async function interruptible<T>(
  use: (signal: AbortSignal) => Promise<T>,
  program = "fairway prove",
): Promise<T> {
  const controller = new AbortController();
  const interrupted: { code: number | null } = { code: null };
  const handlers = Object.entries(signals).map(([name, exitCode]) => {
    const handler = (): void => {
      interrupted.code ??= exitCode;
      controller.abort(new Error(`interrupted by ${name}`));
    };
    process.on(name, handler);
    return { name, handler };
  });
  try {
    return await use(controller.signal);
  } catch (error) {
    if (interrupted.code === null) throw error;
    process.stderr.write(`${program}: interrupted; everything it made is removed\n`);
    return process.exit(interrupted.code);
  } finally {
    for (const { name, handler } of handlers) process.removeListener(name, handler);
  }
}
