/**
 * ADD, DEL and whoever cleans up hold a lock on an attachment for as long as they are at work on it. The lock
 * ends with their process. So a process that died is told from one that is slow, and a DEL that comes twice
 * does not take away what the next pod has got meanwhile.
 *
 * This lock is taken before the ledger's lock, never under it.
 */
import { FairwayError, messageOf } from "../../errors.ts";
import { tryByteLock } from "../../kernel/byte-lock.ts";
import { handOn } from "../../kernel/children.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { folderOf } from "../../paths.ts";
import { patienceMs } from "../../patience.ts";
import { digest } from "../../plan/digest.ts";
import { type AttachmentKey, attachmentName } from "../../plan/node.ts";

/** The file is beside the ledger. It is always empty, because only the locks on its bytes matter. */
export const atWorkFileName = "at-work.lock";

/** This is as long as others wait for the ledger's lock. */
const usualMs = 10_000;
const pauseMs = 5;

/**
 * null means that somebody is at work on the attachment. Two attachments that fall on the same byte wait for
 * each other, and nothing worse happens.
 */
export function tryAtWork(
  { file }: Pick<LedgerView, "file">,
  key: AttachmentKey,
): Disposable | null {
  const locks = `${folderOf(file)}/${atWorkFileName}`;
  try {
    const lock = tryByteLock(locks, Number.parseInt(digest(attachmentName(key)), 16));
    if (lock === null) return null;
    // A tool that we started goes on when we are killed, so it is given the lock, too: until it ends, we
    // count as at work.
    const tools = handOn(lock.fd);
    return {
      [Symbol.dispose]: () => {
        tools[Symbol.dispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    throw new FairwayError(
      "ledgerUnusable",
      `no attachment can be locked: ${messageOf(error)}`,
      `run as root, with dataDir on a local file system that is not read-only; see ls -l ${locks}`,
      { cause: error },
    );
  }
}

/** With `waitMs` 0 it tries only once. Throws tryAgain where others stay at work on the attachment. */
export function whileAtWork<T>(
  ledger: Pick<LedgerView, "file">,
  key: AttachmentKey,
  work: () => T,
  waitMs = patienceMs(usualMs),
): T {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    using own = tryAtWork(ledger, key);
    if (own !== null) return work();
    if (performance.now() >= deadlineMs) break;
    Bun.sleepSync(pauseMs);
  }
  throw new FairwayError(
    "tryAgain",
    `another process is at work on attachment ${attachmentName(key)}: an ADD, a DEL or a GC`,
    "try again when it has ended; `ps` shows it as fairway",
  );
}
