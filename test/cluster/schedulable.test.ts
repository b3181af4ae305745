import { describe, expect, test } from "bun:test";
import {
  type Load,
  type Publishing,
  roomBits,
  schedulable,
} from "../../src/cluster/schedulable.ts";
import { networkBase } from "../ledger/fixtures/samples.ts";

const M = 1e6;
const load = (resources: number, inForce: number, dra = 0): Load => ({
  countedBits: { resources: resources * M, dra: dra * M },
  inForceBits: inForce * M,
});

describe("what there is for pods at all", () => {
  const { trees } = networkBase("pods");
  const of = (part: Partial<typeof trees>, floors = 0): number =>
    roomBits(
      {
        ...trees,
        ...{ egressCapacityBits: 400 * M, egressReserveBits: 20 * M, hostClasses: [] },
        ...part,
      },
      "egress",
      floors,
    );
  const storage = { name: "storage", ports: [3260], egressGuaranteeBits: 50 * M };
  test.each<[string, number, number]>([
    ["capacity less reserve", of({}), 380 * M],
    ["less host classes", of({ hostClasses: [storage] }), 330 * M],
    ["best-effort pods are paid for by the reserve", of({}, 100), 380 * M],
    // Beyond what the reserve holds, each takes 8 kbit/s of what guarantees could have.
    ["but not all of them", of({}, 2_500), (400 - 17.952 - 20) * M],
    ["and by no reserve", of({ egressReserveBits: 0 }, 9), 400 * M - 80_000],
    ["never below 0", of({ egressReserveBits: 500 * M }), 0],
  ])("%s", (_, found, expected) => expect(found).toBe(expected));
});

type Row = [
  title: string,
  publishing: Publishing,
  loads: Load[],
  expected: { resources: number | null; dra: number | null; short: number },
];

test.each<Row>([
  ["no pods", "resources", [], { resources: 380, dra: null, short: 0 }],
  [
    "in force is what is counted",
    "resources",
    [load(100, 100), load(100, 100)],
    { resources: 380, dra: null, short: 0 },
  ],
  [
    "a pod that has no attachment yet subtracts nothing",
    "resources",
    [load(100, 0)],
    { resources: 380, dra: null, short: 0 },
  ],
  [
    "raised from 50M to 150M",
    "resources",
    [load(50, 150)],
    { resources: 280, dra: null, short: 0 },
  ],
  ["lowered", "resources", [load(150, 50)], { resources: 380, dra: null, short: 0 }],
  [
    "one that is lowered does not pay for one that is raised",
    "resources",
    [load(150, 50), load(50, 100)],
    { resources: 330, dra: null, short: 0 },
  ],
  [
    "one that no scheduler counts",
    "resources",
    [load(0, 80)],
    { resources: 300, dra: null, short: 0 },
  ],
  [
    "never below what is counted",
    "resources",
    [load(200, 200), load(200, 200)],
    { resources: 400, dra: null, short: 20 },
  ],
  [
    "what is in force beyond it does not make it less",
    "resources",
    [load(200, 300), load(100, 100)],
    { resources: 300, dra: null, short: 20 },
  ],
  [
    "all of it is held by what nobody counts",
    "resources",
    [load(0, 500)],
    { resources: 0, dra: null, short: 120 },
  ],
  [
    "claims alone: what the resource counted before is as if nobody counted it",
    "dra",
    [load(100, 100), load(0, 50, 50)],
    { resources: null, dra: 280, short: 0 },
  ],
  ["half of it each", "split", [], { resources: 190, dra: 190, short: 0 }],
  [
    "each way's own pods",
    "split",
    [load(100, 150), load(0, 60, 50)],
    { resources: 140, dra: 180, short: 0 },
  ],
  [
    "what neither counts is taken from both",
    "split",
    [load(0, 100)],
    { resources: 140, dra: 140, short: 0 },
  ],
  [
    "what one lacks is taken from the other",
    "split",
    [load(180, 180), load(0, 100)],
    { resources: 180, dra: 100, short: 0 },
  ],
  [
    "one way counts more than its half",
    "split",
    [load(250, 250)],
    { resources: 250, dra: 130, short: 0 },
  ],
  [
    "both count it: it is beyond both only above their sum",
    "split",
    [load(50, 120, 50)],
    { resources: 180, dra: 180, short: 0 },
  ],
  [
    "both count one promise: it is taken once",
    "split",
    [load(100, 100, 100)],
    { resources: 240, dra: 240, short: 0 },
  ],
  [
    "and so before its pod is here",
    "split",
    [load(100, 0, 100)],
    { resources: 240, dra: 240, short: 0 },
  ],
  [
    "more than there is",
    "split",
    [load(200, 200), load(0, 200, 200)],
    { resources: 200, dra: 200, short: 20 },
  ],
])("%s (%s)", (_, publishing, loads, expected) => {
  const { resources, dra, shortBits } = schedulable(380 * M, publishing, loads);
  const bits = (way: { bits: number } | null) => (way === null ? null : way.bits / M);
  expect({ resources: bits(resources), dra: bits(dra), short: shortBits / M }).toEqual(expected);
});

test("whatever the pods, nothing is free twice, and nothing is below its count", () => {
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const publishings: Publishing[] = ["resources", "dra", "split"];
  for (let round = 0; round < 2_000; round++) {
    const room = next(1_000);
    const publishing = publishings[next(3)] ?? "split";
    const loads = Array.from({ length: next(6) }, (): Load => {
      // Either way, both, or neither.
      const side = next(4);
      return {
        countedBits: {
          resources: side === 1 || side === 3 ? next(300) : 0,
          dra: side === 2 || side === 3 ? next(300) : 0,
        },
        inForceBits: next(300),
      };
    });
    const told = schedulable(room, publishing, loads);
    const ways = [told.resources, told.dra];
    const held = loads.reduce((sum, { countedBits, inForceBits }) => {
      const counted = [
        told.resources === null ? 0 : countedBits.resources,
        told.dra === null ? 0 : countedBits.dra,
      ];
      return sum + Math.max(...counted, inForceBits);
    }, 0);
    const free = ways.reduce(
      (sum, way) => sum + (way === null ? 0 : way.bits - way.countedBits),
      0,
    );
    for (const way of ways)
      if (way !== null) expect(way.bits).toBeGreaterThanOrEqual(way.countedBits);
    // What is free of all ways together is what the node has left, to the bit.
    expect(free).toBe(Math.max(0, room - held));
    expect(told.shortBits).toBe(Math.max(0, held - room));
  }
});
