/**
 * Tells which of nf_tables' generations we made ourselves. Each transaction that is accepted makes a
 * generation for the whole namespace, whoever sent it. If an ADD finds only our own generations since the
 * tables were last read completely, it need not look at them (decision 26).
 *
 * They are kept in a file beside the ledger and not in it: a verb writes its own at once, for the verbs that
 * run beside it, without waiting for the ledger's lock. The file is a ring: a generation has its own place,
 * and a later one overwrites it. If an entry is lost, that costs a look and nothing else.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { effect } from "../effect.ts";
import { netnsHere } from "./netns.ts";

/** The file is beside the ledger. */
export const generationsFileName = "nft-generations";

/** The number of generations that are remembered. */
export const generationsKept = 256;

/**
 * A slot holds the generation and the tag, 32 bits each, and a double: the amount by which the transaction
 * changed the elements' sum.
 */
const slotBytes = 16;

interface Place {
  file: string;
  bootId: string;
}

let place: Place | null = null;

/** Whoever opens the ledger calls this. From then on its transactions are recorded. */
export function keepGenerationsIn(folder: string, bootId: string): void {
  place = { file: `${folder}/${generationsFileName}`, bootId };
}

/** Each network namespace of each boot counts its own generations. */
function tagOf({ bootId }: Place): number {
  return Bun.hash.crc32(`${bootId} ${netnsHere()}`);
}

const offsetOf = (generation: number): number => (generation % generationsKept) * slotBytes;

/**
 * `added` is the sum of the elements that the transaction put in (table-digest.ts), less the sum of those
 * that it took out.
 */
export function recordOwn(generation: number, added: number): void {
  if (place === null) return;
  const { file } = place;
  const slot = new Uint8Array(slotBytes);
  const view = new DataView(slot.buffer);
  view.setUint32(0, generation, true);
  view.setUint32(4, tagOf(place), true);
  view.setFloat64(8, added, true);
  try {
    effect("file", "record a generation", () => {
      const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600);
      try {
        writeSync(fd, slot, 0, slotBytes, offsetOf(generation));
      } finally {
        closeSync(fd);
      }
    });
  } catch {
    // The change is already made, and whoever misses the record here looks at the tables.
  }
}

export interface Since {
  /** The number of generations that are not ours, as far as is known. */
  others: number;
  /** The amount by which our own generations changed the elements' sum. */
  added: number;
}

function readRing(file: string): DataView {
  const bytes = new Uint8Array(generationsKept * slotBytes);
  try {
    const fd = openSync(file, "r");
    try {
      readSync(fd, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    bytes.fill(0);
  }
  return new DataView(bytes.buffer);
}

/** Looks at the generations after `from`, up to and including `to`. */
export function generationsSince(from: number, to: number): Since {
  if (to === from) return { others: 0, added: 0 };
  // A new namespace counts from the beginning.
  if (place === null || to < from) return { others: Infinity, added: 0 };
  const ring = readRing(place.file);
  const tag = tagOf(place);
  const oldest = Math.max(from, to - generationsKept);
  let others = oldest - from;
  let added = 0;
  for (let each = oldest + 1; each <= to; each++) {
    const at = offsetOf(each);
    if (ring.getUint32(at, true) === each && ring.getUint32(at + 4, true) === tag)
      added += ring.getFloat64(at + 8, true);
    else others += 1;
  }
  return { others, added };
}
