/**
 * Which of nf_tables' generations are of our own making. Each transaction that is taken makes one of the
 * whole namespace, whoever it is from; an ADD that finds no other than ours since the tables were last
 * seen whole need not look at them (decision 26).
 *
 * They stand in a file beside the ledger and not in it: a verb writes its own at once, for the verbs
 * beside it, without waiting for the ledger's lock. It is a ring: a generation has a place of its own,
 * and who comes later takes it. What is lost of it costs a look, and nothing else.
 */
import { closeSync, constants, openSync, readSync, statSync, writeSync } from "node:fs";
import { effect } from "../effect.ts";

/** Beside the ledger. */
export const generationsFileName = "nft-generations";

/** How many are remembered. */
export const generationsKept = 256;

/** The generation and the tag, 32 bits each; what the elements' sum became more by it, a double. */
const slotBytes = 16;

interface Place {
  file: string;
  bootId: string;
}

let place: Place | null = null;

/** To be called by who opens the ledger, whose transactions are recorded from then on. */
export function keepGenerationsIn(folder: string, bootId: string): void {
  place = { file: `${folder}/${generationsFileName}`, bootId };
}

/** Generations are counted by each network namespace of each boot. */
function tagOf({ bootId }: Place): number {
  const { dev, ino } = statSync("/proc/thread-self/ns/net");
  return Bun.hash.crc32(`${bootId} ${dev}:${ino}`);
}

const offsetOf = (generation: number): number => (generation % generationsKept) * slotBytes;

/** `added`: the sum of the elements that it put in (table-digest.ts), less that of those it took out. */
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
    // The change is made, and who misses it here looks at the tables.
  }
}

export interface Since {
  /** How many of them are not ours, as far as is known. */
  others: number;
  /** What those of ours made the elements' sum more by. */
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

/** Of the generations after `from` up to and with `to`. */
export function generationsSince(from: number, to: number): Since {
  if (to === from) return { others: 0, added: 0 };
  // A namespace of its own counts from the beginning.
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
