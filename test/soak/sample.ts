/** How a node stands at one moment of a soak. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { countOf } from "../faults/support/fairway-chain.ts";
import type { TestNode } from "../support/node.ts";

export interface Sample {
  /** Since the soak began. */
  seconds: number;
  rows: number;
  addresses: number;
  devices: number;
  classes: number;
  elements: number;
  /** The file and its log. */
  ledgerBytes: number;
  /** Of the whole machine: /proc/sys/fs/file-nr. */
  openFiles: number;
  /** Of the kernel, and not to be given back: SUnreclaim. */
  slabBytes: number;
  availableBytes: number;
  /** Directions of pods whose promise could be judged, and those among them that were below it. */
  judged: number;
  below: number;
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function memory(name: string): number {
  const found = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(
    readFileSync("/proc/meminfo", "utf8"),
  );
  if (found === null) throw new Error(`/proc/meminfo has no ${name}`);
  return Number(found[1]) * 1024;
}

export function sampleOf(
  node: TestNode,
  seconds: number,
  promises: Pick<Sample, "judged" | "below">,
): Sample {
  const ledger = join(node.dataDir, "ledger.db");
  return {
    seconds,
    ...countOf(node, node.dataDir),
    ledgerBytes: bytesOf(ledger) + bytesOf(`${ledger}-wal`),
    openFiles: Number(readFileSync("/proc/sys/fs/file-nr", "utf8").split("\t")[0]),
    slabBytes: memory("SUnreclaim"),
    availableBytes: memory("MemAvailable"),
    ...promises,
  };
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** What may be more at the end than at the beginning: what a table or a cache takes in jumps, and others' work on the machine. */
const slack: Partial<Record<keyof Sample, number>> = {
  rows: 2,
  addresses: 2,
  devices: 2,
  classes: 2,
  elements: 2,
  ledgerBytes: 256 * 1024,
  openFiles: 2_000,
  slabBytes: 64 * 1024 * 1024,
};

/** What grew from the first third to the last, in words. */
export function grown(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3);
  return Object.entries(slack).flatMap(([key, allowed]) => {
    const of = (part: readonly Sample[]): number =>
      median(part.map((sample) => sample[key as keyof Sample]));
    const [first, last] = [of(samples.slice(0, third)), of(samples.slice(-third))];
    return last - first > allowed ? [`${key} grew from ${first} to ${last}`] : [];
  });
}
