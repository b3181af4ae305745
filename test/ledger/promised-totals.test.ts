/** What is counted as rows come and go is what they come to, whatever was done in whichever order. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import fs from "node:fs";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { firstPodMinor } from "../../src/plan/names.ts";
import type { Attachment, Phase } from "../../src/plan/node.ts";
import { loadOf } from "../../src/promise/capacity.ts";
import { Random } from "../node/model/random.ts";
import {
  attachment,
  bootId,
  networkBase,
  olderLedger,
  otherBootId,
  tempFolder,
} from "./fixtures/samples.ts";

let dir: string;
beforeEach(() => {
  dir = tempFolder();
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const bits = (random: Random): number => random.pick([0, 0, 1_000, 8_000, 5_000_000, 4e11]) ?? 0;

function promise(random: Random): Pick<Attachment, "promise" | "mtuBytes"> {
  const { promise: like } = attachment(0);
  return {
    mtuBytes: random.whole(1280, 9000),
    promise: {
      ...like,
      egress: { ...like.egress, guaranteeBits: bits(random) },
      ingress: { ...like.ingress, guaranteeBits: bits(random) },
      latencyTargetUs: random.isOneIn(3) ? 1_000 : null,
    },
  };
}

/** The same from the rows, as admission counts them. */
function counted(ledger: Ledger) {
  const all = ledger.attachments.all();
  const sums = (direction: "egress" | "ingress") =>
    loadOf(all.map((a) => a.promise[direction].guaranteeBits));
  const minors = new Set(all.map((a) => a.classMinor));
  let free = firstPodMinor;
  while (minors.has(free)) free++;
  return {
    promised: {
      egress: sums("egress"),
      ingress: sums("ingress"),
      readyIngressBits: all
        .filter((a) => a.phase === "ready")
        .reduce((sum, a) => sum + a.promise.ingress.guaranteeBits, 0),
      hasTargets: all.some((a) => a.promise.latencyTargetUs !== null),
    },
    mtuBytes: Math.max(0, ...all.map((a) => a.mtuBytes)),
    targets: all.filter((a) => a.promise.latencyTargetUs !== null),
    any: all.length > 0,
    free,
  };
}

const told = ({ attachments }: Ledger) => ({
  promised: attachments.promised(),
  mtuBytes: attachments.largestMtuBytes(),
  targets: attachments.withTarget(),
  any: attachments.any("pods"),
  free: attachments.freeClassMinor(),
});

test("rows inserted, changed and removed at random", () => {
  const random = new Random(11);
  const ledger = openLedger({ dir, bootId });
  const there = new Map<number, Attachment>();
  for (let round = 0; round < 600; round++) {
    const n = random.whole(0, 300);
    const known = there.get(n);
    ledger.exclusively(() => {
      if (known === undefined) {
        const row = attachment(n, {
          ...promise(random),
          leases: [{ address: `198.18.${n >> 8}.${n & 255}`, prefixLength: 16, gateway: null }],
        });
        ledger.attachments.insert(row);
        there.set(n, row);
      } else if (random.isOneIn(3)) {
        ledger.attachments.remove(known);
        there.delete(n);
      } else if (random.isOneIn(2))
        ledger.attachments.setPhase(known, random.pick<Phase>(["adding", "ready"]) ?? "ready");
      else ledger.attachments.setPromise(known, promise(random).promise, known.asks);
    });
    if (round % 20 === 0) expect([round, told(ledger)]).toEqual([round, counted(ledger)]);
  }
  expect(told(ledger)).toEqual(counted(ledger));
  ledger.close();
});

test("what failed half-way is not counted, and what an earlier boot left is not", () => {
  const ledger = openLedger({ dir, bootId });
  const before = told(ledger);
  expect(() =>
    ledger.exclusively(() => {
      ledger.attachments.insert(attachment(1));
      throw new RangeError("no");
    }),
  ).toThrow("no");
  expect(told(ledger)).toEqual(before);
  ledger.exclusively(() => ledger.attachments.insert(attachment(1)));
  ledger.close();
  const later = openLedger({ dir, bootId: otherBootId });
  later.exclusively(() => {
    later.forgetEarlierBoots();
    later.attachments.insert(attachment(2));
  });
  expect(told(later)).toEqual(counted(later));
  later.close();
});

test("rows of an older version are counted as it is brought up, full runs of classes too", () => {
  const random = new Random(7);
  const rows = Array.from({ length: 300 }, (_, n) =>
    attachment(n, { ...promise(random), phase: n % 2 === 0 ? "ready" : "adding" }),
  );
  olderLedger(`${dir}/ledger.db`, 4, rows, networkBase("pods"));
  const ledger = openLedger({ dir, bootId });
  expect(told(ledger)).toEqual(counted(ledger));
  expect(ledger.attachments.freeClassMinor()).toBe(firstPodMinor + 300);
  ledger.exclusively(() => ledger.attachments.remove(attachment(17)));
  expect(told(ledger)).toEqual(counted(ledger));
  ledger.close();
});
