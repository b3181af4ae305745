/**
 * The ledger as the agent has it open, for as long as the file is the same. The agent waits for nobody's
 * lock: what finds the ledger locked is tried again later.
 */
import { keepGenerationsIn } from "../kernel/own-generations.ts";
import { existingFile, identityOf, refuseReadOnly } from "../ledger/folder.ts";
import { type Ledger, openLedger } from "../ledger/ledger.ts";
import { bootId } from "../node/facts/open.ts";

export class OwnLedger implements Disposable {
  readonly #dir: string;
  readonly #bootId = bootId();
  #open: { ledger: Ledger; identity: string | null } | null = null;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** null means that no ledger has been made yet; none is made here. Throws ledgerUnusable, tryAgain. */
  get(): Ledger | null {
    const file = existingFile(this.#dir);
    if (this.#open !== null && (file === null || this.#open.identity !== identityOf(file)))
      this[Symbol.dispose]();
    if (file === null) return null;
    refuseReadOnly(this.#dir);
    this.#open ??= this.#opened(file);
    return this.#open.ledger;
  }

  #opened(file: string): { ledger: Ledger; identity: string | null } {
    const identity = identityOf(file);
    const ledger = openLedger({ dir: this.#dir, bootId: this.#bootId, busyTimeoutMs: 0 });
    keepGenerationsIn(this.#dir, this.#bootId);
    return { ledger, identity };
  }

  [Symbol.dispose](): void {
    this.#open?.ledger.close();
    this.#open = null;
  }
}
