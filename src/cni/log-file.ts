/**
 * Says where a log line goes. Each verb opens the file anew, so that whoever rotates logs only has to rename
 * it.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { effect } from "../effect.ts";

const stderr = 2;

/** Takes the lines that go to no file, each whole. */
export type Stderr = (line: string) => void;

/** Each line is one write, so that lines of verbs that run at the same time do not mix (O_APPEND). */
function writeWhole(fd: number, line: string): void {
  const bytes = Buffer.from(line);
  const written = writeSync(fd, bytes);
  if (written < bytes.length) throw new Error(`${written} of ${bytes.length} bytes of a line`);
}

/** That of this process. */
export const ownStderr: Stderr = (line) => writeWhole(stderr, line);

/** Only the owner may read and write it: pod names are in it. */
const fileMode = 0o600;

/** Writes whole lines to a file, or to stderr (null). */
export interface LineSink extends Disposable {
  write(line: string): void;
}

/**
 * The log is not opened through a link, which somebody else may have put into a folder that is open to them.
 * Nor is a pipe opened, which nobody may be reading: opening one would wait for ever. Throws what the file
 * system says.
 */
function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(
    path,
    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
    fileMode,
  );
  const stat = fstatSync(fd);
  if (stat.isFile() || stat.isCharacterDevice()) return fd;
  closeSync(fd);
  throw new Error(`${path} is neither a file nor a device`);
}

/** null means `toStderr`. */
export function openLineSink(path: string | null, toStderr: Stderr): LineSink {
  if (path === null) return { write: toStderr, [Symbol.dispose]: () => {} };
  const fd = effect("file", "open the log", () => openLog(path));
  return {
    write: (line) => writeWhole(fd, line),
    [Symbol.dispose]: () => closeSync(fd),
  };
}
