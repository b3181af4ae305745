/**
 * What this node has promised and to whom. It is one SQLite file, which gives the lock, the safety in a crash
 * and the truth about addresses. Everything here is synchronous, and sees only the current boot.
 */
import type { RecordedAttachment } from "./attachment-rows.ts";
import { type Attachments, type AttachmentsView, attachmentsOf } from "./attachments.ts";
import { attachmentsOfEarlierBoots, type Forgotten, forgetEarlierBoots } from "./boots.ts";
import { type Claims, type ClaimsView, claimsOf } from "./claims.ts";
import { type Facts, type FactsView, factsOf } from "./facts.ts";
import type { FilesSeen } from "./folder.ts";
import { type Holds, type HoldsView, holdsOf } from "./holds.ts";
import { type Leases, type LeasesView, leasesOf } from "./leases.ts";
import { type Networks, type NetworksView, networksOf } from "./networks.ts";
import { openStore, openStoreCopy, openStoreReadonly } from "./opening.ts";
import { type Reservations, type ReservationsView, reservationsOf } from "./reservations.ts";
import type { Store, StoreOptions } from "./store.ts";

export type LedgerOptions = StoreOptions;

/** It is closed where it is disposed of. */
interface Handle extends Disposable {
  /** The path of the file. */
  readonly file: string;
  /** What is wrong with the file, in words. This reads the whole file. The list is empty for a sound one. */
  faults(): string[];
  close(): void;
}

/** A ledger that can only be read. */
export interface LedgerView extends Handle, LeasesView, NetworksView, FactsView, ClaimsView {
  readonly attachments: AttachmentsView;
  /** What `forgetEarlierBoots` would delete. */
  attachmentsOfEarlierBoots(): RecordedAttachment[];
  readonly reservations: ReservationsView;
  readonly holds: HoldsView;
}

export interface Ledger extends Handle, Leases, Networks, Facts, Claims {
  readonly attachments: Attachments;
  attachmentsOfEarlierBoots(): RecordedAttachment[];
  readonly reservations: Reservations;
  readonly holds: Holds;
  /**
   * Runs `fn` while it holds the node's lock. What `fn` writes is kept completely, or, if it throws, not at
   * all. Throws tryAgain if others hold the lock for the whole busy timeout. Calls cannot be nested.
   */
  exclusively<T>(fn: () => T): T;
  /** Whether nobody holds the node's lock at this moment. It is not waited for. */
  isFree(): boolean;
  /**
   * For whoever keeps the ledger open: the files that lie at its path now, and whether another version has
   * changed its schema. Both throw as `openLedger`.
   */
  filesSeen(before?: FilesSeen): FilesSeen;
  hasKnownSchema(): boolean;
  /**
   * Also for whoever keeps it open: the log is not emptied by transactions any more, which wait for the disk
   * then, but when `emptyLog` is called.
   */
  leaveLog(): void;
  emptyLog(): void;
  /**
   * To be called inside `exclusively`, before anything is inserted. Deletes the attachments, reservations,
   * facts and former roots of earlier boots, and returns the first two.
   */
  forgetEarlierBoots(): Forgotten;
}

/** Makes the folder (0700) and the file (0600) if there are none. Throws ledgerUnusable, or tryAgain. */
export function openLedger(options: LedgerOptions): Ledger {
  return writable(openStore(options));
}

/**
 * Opens a copy in memory of what the ledger holds at this moment, to try what would happen. What is written
 * to the copy is lost with it, no lock is taken and no file is made. Throws ledgerUnusable.
 */
export function openLedgerCopy(options: LedgerOptions): Ledger {
  return writable(openStoreCopy(options));
}

function writable(store: Store): Ledger {
  return {
    ...parts(store),
    exclusively: (fn) => store.exclusively(fn),
    isFree: () => store.isFree(),
    filesSeen: (before) => store.filesSeen(before),
    hasKnownSchema: () => store.hasKnownSchema(),
    leaveLog: () => store.leaveLog(),
    emptyLog: () => store.emptyLog(),
    forgetEarlierBoots: () => forgetEarlierBoots(store),
  };
}

/** Returns null if there is no ledger yet. Throws ledgerUnusable, or tryAgain. */
export function openLedgerReadonly(options: LedgerOptions): LedgerView | null {
  const store = openStoreReadonly(options);
  return store && parts(store);
}

interface Parts extends Handle, Leases, Networks, Facts, Claims {
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
    [Symbol.dispose]: () => store.close(),
    attachments: attachmentsOf(store),
    attachmentsOfEarlierBoots: () => attachmentsOfEarlierBoots(store),
    reservations: reservationsOf(store),
    holds: holdsOf(store),
    ...leasesOf(store),
    ...networksOf(store),
    ...factsOf(store),
    ...claimsOf(store),
  };
}
