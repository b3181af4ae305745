/**
 * Who is at work on an attachment: ADD, DEL and whoever cleans up hold a lock on it for as long as they
 * are, which goes with their process. So one that died is told from one that is slow, and a DEL that
 * comes twice does not take away what the next pod has got meanwhile.
 *
 * It is taken before the ledger's lock, never under it.
 */
import { FairwayError, messageOf } from "../errors.ts";
import { tryByteLock } from "../kernel/byte-lock.ts";
import { handOn } from "../kernel/children.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { folderOf } from "../paths.ts";
import { digest } from "../plan/digest.ts";
import { type AttachmentKey, attachmentName } from "../plan/node.ts";

/** Beside the ledger. What is in it does not matter; nothing ever is. */
export const atWorkFileName = "at-work.lock";

/** As long as others wait for the ledger's lock. */
const patienceMs = 10_000;
const pauseMs = 5;

/** null: somebody is. Two attachments that fall on one byte wait for each other, and that is all. */
export function tryAtWork(
  { file }: Pick<LedgerView, "file">,
  key: AttachmentKey,
): Disposable | null {
  const locks = `${folderOf(file)}/${atWorkFileName}`;
  try {
    const lock = tryByteLock(locks, Number.parseInt(digest(attachmentName(key)), 16));
    if (lock === null) return null;
    // A tool goes on with what it was given when we are killed: until it ends, we are at work.
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

/** `waitMs` 0: now or not at all. Throws tryAgain where others stay at work on it. */
export function whileAtWork<T>(
  ledger: Pick<LedgerView, "file">,
  key: AttachmentKey,
  work: () => T,
  waitMs = patienceMs,
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
