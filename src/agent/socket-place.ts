/** The place of the agent's socket: its folder, and who has it. */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { effect } from "../effect.ts";
import { FairwayError, messageOf, orFail } from "../errors.ts";
import { type ByteLock, tryByteLock } from "../kernel/byte-lock.ts";
import { folderOf } from "../paths.ts";

const folderMode = 0o700;
const ofOthers = 0o077;
/** Whoever is alive answers at once. What is stopped does not, and its lock tells that it is there. */
const answerWithinMs = 1_000;

function prepareFolder(folder: string): void {
  orFail(
    "io",
    `cannot make the folder ${folder} of the agent's socket`,
    "run as root, or give --socket a place where a folder can be made",
    () =>
      effect("file", "make the socket's folder", () =>
        mkdirSync(folder, { recursive: true, mode: folderMode }),
      ),
  );
  const { mode, uid } = statSync(folder);
  const own = process.geteuid?.() ?? 0;
  if ((mode & ofOthers) === 0 && (uid === 0 || uid === own)) return;
  const found = `mode ${(mode & 0o7777).toString(8).padStart(4, "0")}, uid ${uid}`;
  throw new FairwayError(
    "io",
    `the folder ${folder} of the agent's socket is open to others (${found})`,
    `who can connect can change this node's network: chown root: ${folder} && chmod 0700 ${folder}, or give --socket a folder of its own`,
  );
}

const taken = (path: string): FairwayError =>
  new FairwayError(
    "io",
    `another agent has ${path}`,
    `a node has one agent: end that one first (fuser ${folderOf(path)}/*), or give --socket another path`,
  );

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(true), answerWithinMs);
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}

/** A socket that nobody listens on was left by an agent that died. */
async function removeStale(path: string): Promise<void> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw new FairwayError(
      "io",
      `${path} is there and is no socket`,
      "give --socket another path, or remove what is there",
    );
  if (await isAnswered(path)) throw taken(path);
  effect("file", "remove a stale socket", () => rmSync(path, { force: true }));
}

/**
 * Takes the place for this process, until the lock that is returned is disposed of. Throws io, which says who
 * has it or what is wrong with it.
 */
export async function takePlace(path: string): Promise<ByteLock> {
  prepareFolder(folderOf(path));
  let lock: ByteLock | null;
  try {
    lock = tryByteLock(`${path}.lock`, 0);
  } catch (error) {
    throw new FairwayError(
      "io",
      `${path}.lock cannot be locked: ${messageOf(error)}`,
      "run as root, on a file system that is not read-only",
      { cause: error },
    );
  }
  if (lock === null) throw taken(path);
  try {
    await removeStale(path);
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
