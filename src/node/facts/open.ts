/** Opens the ledger of this boot. */
import { readFileSync } from "node:fs";
import { endNow } from "../../kernel/netlink/libc.ts";
import { keepGenerationsIn } from "../../kernel/own-generations.ts";
import { existingFile } from "../../ledger/folder.ts";
import { type Ledger, openLedger } from "../../ledger/ledger.ts";
import { span } from "../../trace.ts";

let boot: string | null = null;

/** It stays the same for as long as a process lives. */
export function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

/** Gives the ledger of a folder to processes that keep it open. */
export type Keeper = (dataDir: string, bootId: string, open: () => Ledger) => Ledger;

let keeper: Keeper | null = null;

/** From now on this process keeps its ledgers open, and `given` closes them. */
export function keepLedgers(given: Keeper): void {
  keeper = given;
}

/** While `use` runs, `given` gives the ledgers. `use` must be synchronous. */
export function withKeeper<T>(given: Keeper, use: () => T): T {
  const usual = keeper;
  keeper = given;
  try {
    return use();
  } finally {
    keeper = usual;
  }
}

let folder: string | null = null;

/** The folder of the ledger that this process has opened last; null means that it has opened none. */
export const ledgerFolder = (): string | null => folder;

function open(dataDir: string): Ledger {
  const id = bootId();
  const anew = (): Ledger => openLedger({ dir: dataDir, bootId: id });
  const ledger = span("open ledger", () => (keeper === null ? anew() : keeper(dataDir, id, anew)));
  keepGenerationsIn(dataDir, id);
  folder = dataDir;
  return ledger;
}

/**
 * This is for a verb, whose process ends soon or keeps the ledger, so the ledger is not closed. Whoever
 * closes it last writes its log back into the file and waits for the disk twice, and a pod would wait with
 * it. A process that ends leaves the log to the next one, as one that is killed does.
 */
export function inLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  return use(open(dataDir));
}

/**
 * The ledger as it stays open from one verb to the next, for a process that keeps its ledgers. null means that
 * none has been made yet; none is made here.
 */
export const ledgerIfThere = (dataDir: string): Ledger | null =>
  existingFile(dataDir) === null ? null : open(dataDir);

/** The end of such a process. */
export { endNow };

export function withLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  const ledger = open(dataDir);
  try {
    return use(ledger);
  } finally {
    if (keeper === null) span("close ledger", () => ledger.close());
  }
}
