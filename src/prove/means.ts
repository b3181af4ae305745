/**
 * Requires what a run needs of the machine, and sees to it that nothing is left of the run, however it ends.
 */
import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { FairwayError, orFail } from "../errors.ts";
import { requirePlugin } from "./engine/self.ts";

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
export const checkWritable = (option: string, file: string): void =>
  orFail("io", `${option}: cannot write ${file}`, undefined, () =>
    accessSync(dirname(file), constants.W_OK),
  );

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal first ends the run through `signal`, so that all is cleaned up, and then ends the process. */
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
