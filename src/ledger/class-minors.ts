/** The minor numbers of the pods' classes, one for each attachment of the node. */
import { FairwayError } from "../errors.ts";
import { firstPodMinor, lastPodMinor } from "../plan/names.ts";
import type { Store } from "./store.ts";

/**
 * The lowest that no attachment has: the end of the first unbroken run, walked in the order of the
 * index. Throws poolExhausted.
 */
export function freeClassMinor(store: Store): number {
  const isFirstTaken = store.get(
    "SELECT 1 FROM attachments WHERE boot_id = ? AND class_minor = ?",
    store.bootId,
    firstPodMinor,
  );
  if (isFirstTaken === null) return firstPodMinor;
  const found = store.get<{ minor: number }>(
    `SELECT a.class_minor + 1 AS minor FROM attachments a
     WHERE a.boot_id = ?1 AND a.class_minor >= ?2 AND NOT EXISTS (
       SELECT 1 FROM attachments b WHERE b.boot_id = ?1 AND b.class_minor = a.class_minor + 1)
     ORDER BY a.class_minor LIMIT 1`,
    store.bootId,
    firstPodMinor,
  );
  if (found !== null && found.minor <= lastPodMinor) return found.minor;
  throw new FairwayError(
    "poolExhausted",
    `all ${lastPodMinor - firstPodMinor + 1} classes for pods are in use on this node`,
    "remove pods from this node",
  );
}
