/** What earlier boots left. Nothing of it is alive, since a reboot removes every interface. */
import { type RecordedAttachment, readRows } from "./attachment-rows.ts";
import { factsOf } from "./facts.ts";
import { type Reservation, reservationColumns } from "./reservations.ts";
import type { Store } from "./store.ts";

/** These are two ranges, because an index can serve ranges but not "<>". */
const ofEarlierBoots = "(boot_id < ? OR boot_id > ?)";

export function attachmentsOfEarlierBoots(store: Store): RecordedAttachment[] {
  return readRows(store, ofEarlierBoots, store.bootId, store.bootId);
}

export interface Forgotten {
  attachments: RecordedAttachment[];
  reservations: Reservation[];
}

/**
 * A fact of this boot. It is recorded so that only the boot's first verb looks for what earlier ones left.
 */
const doneKey = "earlier boots forgotten";

/**
 * To be called inside `exclusively`. Returns the attachments and reservations that it deleted. Their leases
 * are deleted, too, and so are the facts and former roots of those boots.
 */
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
    "claims",
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
