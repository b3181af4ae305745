/**
 * Records why a verb that a launcher was called for became a process of its own. `fairway doctor` and
 * `fairway status` count the records of the last hour and the last day.
 */
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { effect } from "../effect.ts";

/** The launcher sets it (src/launcher/full.c). */
export const fellBackVariable = "FAIRWAY_FELL_BACK";

export const fellBackReasons = [
  "no-agent",
  "declined",
  "version",
  "timeout",
  "broken",
  "too-large",
  "launcher",
] as const;
export type FellBackReason = (typeof fellBackReasons)[number];

/** They lie beside the ledger: a line for each record, and what was full before. */
export const fellBackFileNames = ["fell-back", "fell-back.before"] as const;

/** Of each of the two files, but for the last lines. It holds about 5,000 records. */
export const mostFellBackBytes = 128 * 1024;

/** Of processes that find it full in the same moment, the later may put away what has just begun. */
function append(folder: string, line: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const [path, before] = fellBackFileNames.map((name) => `${folder}/${name}`) as [string, string];
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    if (fstatSync(fd).size >= mostFellBackBytes) renameSync(path, before);
    writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}

/**
 * To be called when the verb was answered. `folder` is the ledger's; where the verb came to none (null),
 * nothing is recorded. `tookMs` is how long the process has lived. Nothing depends on it, so what goes wrong is not told.
 */
export function recordFellBack(
  folder: string | null,
  env: Record<string, string | undefined>,
  tookMs: number,
): void {
  const reason = fellBackReasons.find((each) => each === env[fellBackVariable]);
  if (reason === undefined || folder === null) return;
  try {
    effect("file", "record that the verb fell back", () =>
      append(
        folder,
        `${Math.floor(Date.now() / 1000)} ${reason} ${env.CNI_COMMAND} ${Math.round(tookMs)}\n`,
      ),
    );
  } catch {
    // The verb has been answered.
  }
}
