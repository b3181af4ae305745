/** The ledgers that stay open from one verb to the next. */
import { type FilesSeen, identityOf, refuseReadOnly } from "../ledger/folder.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Keeper } from "../node/facts/open.ts";

interface Kept {
  ledger: Ledger;
  bootId: string;
  files: FilesSeen;
}

/** A node has one ledger. Whoever names many folders gets them opened anew. */
const most = 4;

/**
 * Whether somebody cut the file, or took its log away, beneath those who have it open. What they write goes
 * into a log that nobody reads, and what they close puts their log into a file that has lost the rest.
 */
const isBroken = (before: FilesSeen, now: FilesSeen): boolean =>
  now.file === before.file && (now.bytes < before.bytes || now.beside !== before.beside);

export class KeptLedgers implements Disposable {
  readonly #kept = new Map<string, Kept>();
  readonly #onBroken: (file: string) => never;
  /** What was looked at in this turn of the event loop: a verb, which is one turn, asks more than once. */
  #looked: Kept | null = null;

  /** `onBroken` has to end this process without closing what it has open. */
  constructor(onBroken: (file: string) => never) {
    this.#onBroken = onBroken;
  }

  /**
   * Another file may have taken the ledger's place, another version may have changed its schema, and its file
   * system may have become read-only.
   */
  readonly give: Keeper = (dataDir, bootId, open) => {
    const known = this.#kept.get(dataDir);
    if (known !== undefined && known === this.#looked) return known.ledger;
    refuseReadOnly(dataDir);
    if (known !== undefined) {
      this.#kept.delete(dataDir);
      if (this.#isGood(known, bootId)) {
        this.#kept.set(dataDir, known);
        return this.#lookedAt(known);
      }
    }
    for (const [oldest, { ledger }] of this.#kept) {
      if (this.#kept.size < most) break;
      this.#kept.delete(oldest);
      ledger.close();
    }
    const ledger = open();
    ledger.leaveLog();
    const kept = { ledger, bootId, files: ledger.filesSeen() };
    this.#kept.set(dataDir, kept);
    return this.#lookedAt(kept);
  };

  /** Whoever writes after that finds out by himself that the file was replaced (Store.exclusively). */
  #lookedAt(kept: Kept): Ledger {
    this.#looked = kept;
    queueMicrotask(() => {
      this.#looked = null;
    });
    return kept.ledger;
  }

  /** To be called while no verb waits. Throws what the ledger throws. */
  emptyLogs(): void {
    for (const { ledger, files } of this.#kept.values()) {
      // What `uninstall` has taken away is not made again here, nor is anything put into another's place.
      if (identityOf(ledger.file) !== files.file) continue;
      // Nor is the log of a file that was cut put into it.
      if (isBroken(files, ledger.filesSeen(files))) this.#onBroken(ledger.file);
      ledger.emptyLog();
    }
  }

  /** One that is not good any more is closed. */
  #isGood(known: Kept, bootId: string): boolean {
    const { ledger } = known;
    let isGood = false;
    try {
      const files = ledger.filesSeen(known.files);
      if (isBroken(known.files, files)) this.#onBroken(ledger.file);
      isGood =
        files.file === known.files.file && known.bootId === bootId && ledger.hasKnownSchema();
      known.files = files;
      return isGood;
    } finally {
      if (!isGood) ledger.close();
    }
  }

  [Symbol.dispose](): void {
    for (const { ledger } of this.#kept.values()) ledger.close();
    this.#kept.clear();
  }
}
