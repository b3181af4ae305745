/** The ledgers that stay open from one verb to the next. */
import type { Ledger } from "../ledger/ledger.ts";
import type { Keeper } from "../node/facts/open.ts";

interface Kept {
  ledger: Ledger;
  bootId: string;
}

/** A node has one ledger. Whoever names many folders gets them opened anew. */
const most = 4;

export class KeptLedgers implements Disposable {
  readonly #kept = new Map<string, Kept>();

  /** Another file may have taken the ledger's place, and another version may have changed its schema. */
  readonly give: Keeper = (dataDir, bootId, open) => {
    const known = this.#kept.get(dataDir);
    if (known !== undefined) {
      this.#kept.delete(dataDir);
      if (this.#isGood(known, bootId)) {
        this.#kept.set(dataDir, known);
        return known.ledger;
      }
    }
    for (const [oldest, { ledger }] of this.#kept) {
      if (this.#kept.size < most) break;
      this.#kept.delete(oldest);
      ledger.close();
    }
    const ledger = open();
    this.#kept.set(dataDir, { ledger, bootId });
    return ledger;
  };

  #isGood({ ledger, bootId: opened }: Kept, bootId: string): boolean {
    let isGood = false;
    try {
      isGood = opened === bootId && ledger.isCurrent();
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
