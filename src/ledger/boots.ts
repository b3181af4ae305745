/** What earlier boots left: nothing of it is alive, since a reboot takes every interface with it. */
import { type RecordedAttachment, readRows } from "./attachment-rows.ts";
import type { Store } from "./store.ts";

/** Two ranges, because an index serves those and not "<>". */
const ofEarlierBoots = "(boot_id < ? OR boot_id > ?)";

export function attachmentsOfEarlierBoots(store: Store): RecordedAttachment[] {
  return readRows(store, ofEarlierBoots, store.bootId, store.bootId);
}

/** Inside `exclusively`. Returns the attachments; their leases, and that boot's facts and former roots, go too. */
export function forgetEarlierBoots(store: Store): RecordedAttachment[] {
  store.assertExclusive("forgetEarlierBoots()");
  const { bootId } = store;
  const gone = readRows(store, ofEarlierBoots, bootId, bootId);
  for (const table of ["attachments", "former_roots", "facts"]) {
    store.run(`DELETE FROM ${table} WHERE ${ofEarlierBoots}`, bootId, bootId);
  }
  return gone;
}
