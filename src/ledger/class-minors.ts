/** The minor numbers of the pods' classes, one for each attachment of the node. */
import { FairwayError } from "../errors.ts";
import { firstPodMinor, lastPodMinor } from "../plan/names.ts";
import type { Store } from "./store.ts";

/** The size of a run of minors that are counted together (schema.ts). */
const blockSize = 256;

const sizeOf = (block: number): number =>
  Math.min(lastPodMinor + 1, (block + 1) * blockSize) - Math.max(firstPodMinor, block * blockSize);

/** The first run that is not full. */
function openBlock(store: Store): number {
  const used = store.all<{ block: number; used: number }>(
    "SELECT block, used FROM class_blocks WHERE boot_id = ? ORDER BY block",
    store.bootId,
  );
  const counts = new Map(used.map((row) => [row.block, row.used]));
  let block = 0;
  while (sizeOf(block) > 0 && counts.get(block) === sizeOf(block)) block++;
  return block;
}

/** The lowest minor that no attachment has. Throws poolExhausted. */
export function freeClassMinor(store: Store): number {
  const block = openBlock(store);
  const rows = store.all<{ minor: number }>(
    "SELECT class_minor AS minor FROM attachments WHERE boot_id = ? AND class_minor BETWEEN ? AND ?",
    store.bootId,
    block * blockSize,
    (block + 1) * blockSize - 1,
  );
  const taken = new Set(rows.map(({ minor }) => minor));
  let minor = Math.max(firstPodMinor, block * blockSize);
  while (taken.has(minor)) minor++;
  if (minor <= lastPodMinor) return minor;
  throw new FairwayError(
    "poolExhausted",
    `all ${lastPodMinor - firstPodMinor + 1} classes for pods are in use on this node`,
    "remove pods from this node",
  );
}
