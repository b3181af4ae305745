/** What earlier boots left: nothing of it is alive, since a reboot takes every interface with it. */
import { type RecordedAttachment, readRows } from "./attachment-rows.ts";
import { factsOf } from "./facts.ts";
import { type Reservation, reservationColumns } from "./reservations.ts";
import type { Store } from "./store.ts";

/** Two ranges, because an index serves those and not "<>". */
const ofEarlierBoots = "(boot_id < ? OR boot_id > ?)";

export function attachmentsOfEarlierBoots(store: Store): RecordedAttachment[] {
  return readRows(store, ofEarlierBoots, store.bootId, store.bootId);
}

export interface Forgotten {
  attachments: RecordedAttachment[];
  reservations: Reservation[];
}

/** A fact of this boot, so that only its first verb looks for what earlier ones left. */
const doneKey = "earlier boots forgotten";

/** Inside `exclusively`. Returns what it deleted; leases, and that boot's facts and former roots, go too. */
export function forgetEarlierBoots(store: Store): Forgotten {
  store.assertExclusive("forgetEarlierBoots()");
  const { bootId } = store;
  const facts = factsOf(store);
  if (facts.fact(doneKey) !== null) return { attachments: [], reservations: [] };
  const attachments = readRows(store, ofEarlierBoots, bootId, bootId);
  const reservations = store.all<Reservation>(
    `SELECT ${reservationColumns} FROM reservations WHERE ${ofEarlierBoots}`,
    bootId,
    bootId,
  );
  for (const table of [
    "attachments",
    "reservations",
    "former_roots",
    "facts",
    "totals",
    "class_blocks",
  ]) {
    store.run(`DELETE FROM ${table} WHERE ${ofEarlierBoots}`, bootId, bootId);
  }
  facts.setFact(doneKey, "yes");
  return { attachments, reservations };
}
