/**
 * What this node has promised and to whom: one SQLite file, which is the lock, the crash safety and
 * the truth about addresses. Everything here is synchronous, and sees the current boot only.
 */
import type { RecordedAttachment } from "./attachment-rows.ts";
import { type Attachments, type AttachmentsView, attachmentsOf } from "./attachments.ts";
import { attachmentsOfEarlierBoots, type Forgotten, forgetEarlierBoots } from "./boots.ts";
import { type Facts, type FactsView, factsOf } from "./facts.ts";
import { type Holds, type HoldsView, holdsOf } from "./holds.ts";
import { type Leases, type LeasesView, leasesOf } from "./leases.ts";
import { type Networks, type NetworksView, networksOf } from "./networks.ts";
import { type Reservations, type ReservationsView, reservationsOf } from "./reservations.ts";
import {
  openStore,
  openStoreCopy,
  openStoreReadonly,
  type Store,
  type StoreOptions,
} from "./store.ts";

export type LedgerOptions = StoreOptions;

interface Handle {
  /** The path of the file. */
  readonly file: string;
  /** What is wrong with the file, in words: all of it is read. None for a sound one. */
  faults(): string[];
  close(): void;
}

/** For looking only. */
export interface LedgerView extends Handle, LeasesView, NetworksView, FactsView {
  readonly attachments: AttachmentsView;
  /** What `forgetEarlierBoots` would delete. */
  attachmentsOfEarlierBoots(): RecordedAttachment[];
  readonly reservations: ReservationsView;
  readonly holds: HoldsView;
}

export interface Ledger extends Handle, Leases, Networks, Facts {
  readonly attachments: Attachments;
  attachmentsOfEarlierBoots(): RecordedAttachment[];
  readonly reservations: Reservations;
  readonly holds: Holds;
  /**
   * Runs `fn` holding the node's lock: what it writes is kept whole, or, if it throws, not at all.
   * Throws tryAgain if others hold the lock for the whole busy timeout. Does not nest.
   */
  exclusively<T>(fn: () => T): T;
  /**
   * Inside `exclusively`, before anything is inserted: deletes the attachments, reservations,
   * facts and former roots of earlier boots, and returns the first two.
   */
  forgetEarlierBoots(): Forgotten;
}

/** Makes the folder (0700) and the file (0600) if there are none. Throws ledgerUnusable, or tryAgain. */
export function openLedger(options: LedgerOptions): Ledger {
  return writable(openStore(options));
}

/**
 * For trying what would happen: a copy in memory of what the ledger holds at this moment. What is written
 * to it goes with it, no lock is taken and no file is made. Throws ledgerUnusable.
 */
export function openLedgerCopy(options: LedgerOptions): Ledger {
  return writable(openStoreCopy(options));
}

function writable(store: Store): Ledger {
  return {
    ...parts(store),
    exclusively: (fn) => store.exclusively(fn),
    forgetEarlierBoots: () => forgetEarlierBoots(store),
  };
}

/** null if there is none yet. Throws ledgerUnusable, or tryAgain. */
export function openLedgerReadonly(options: LedgerOptions): LedgerView | null {
  const store = openStoreReadonly(options);
  return store && parts(store);
}

interface Parts extends Handle, Leases, Networks, Facts {
  attachments: Attachments;
  attachmentsOfEarlierBoots(): RecordedAttachment[];
  reservations: Reservations;
  holds: Holds;
}

function parts(store: Store): Parts {
  return {
    file: store.file,
    faults: () => store.faults(),
    close: () => store.close(),
    attachments: attachmentsOf(store),
    attachmentsOfEarlierBoots: () => attachmentsOfEarlierBoots(store),
    reservations: reservationsOf(store),
    holds: holdsOf(store),
    ...leasesOf(store),
    ...networksOf(store),
    ...factsOf(store),
  };
}
