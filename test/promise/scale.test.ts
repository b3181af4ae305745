import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { directions, type PodPromise, type TreeSettings } from "../../src/plan/node.ts";
import { floorBits } from "../../src/plan/shape.ts";
import { type AdmissionAsk, admitScaled } from "../../src/promise/admission.ts";
import { hostRateBits, leafRateBits } from "../../src/promise/capacity.ts";
import { inForce, scaled } from "../../src/promise/scale.ts";

describe("scaled", () => {
  test.each<[string, number[], number, number[]]>([
    ["nothing", [], 1e6, []],
    ["what fits, as it was asked", [3e6, 7e6], 10e6, [3e6, 7e6]],
    ["a bit too much, rounded down", [3e6, 7e6 + 1], 10e6, [2_999_999, 7_000_000]],
    ["in proportion", [100e6, 300e6], 200e6, [50e6, 150e6]],
    ["one alone", [1e15], 380e6, [380e6]],
    ["nobody below a floor, and the others pay", [16_000, 1e6], 108_000, [8_000, 100_000]],
    [
      "one that a floor for another brings to its own",
      [9_000, 100_000, 1_000_000],
      96_000,
      [8_000, 8_000, 80_000],
    ],
    ["what is asked below a floor, which it has", [1_000, 1e6], 508_000, [1_000, 500_000]],
    ["floors alone", [20_000, 30_000], 16_000, [8_000, 8_000]],
    ["floors, where there is not even room for them", [20_000, 30_000], -5, [8_000, 8_000]],
    ["1 Pbit/s of each of two", [1e15, 1e15], 1e15, [5e14, 5e14]],
  ])("%s", (_, asked, room, now) => {
    expect(scaled(asked, room)).toEqual(now);
  });

  const guarantees = fc.array(
    fc.oneof(
      fc.integer({ min: 1_000, max: 100_000 }),
      fc.integer({ min: 1, max: 1_000_000 }).map((n) => n * 1e6),
      fc.constantFrom(1_000, 8_000, 8_001, 1e15),
    ),
    { maxLength: 60 },
  );
  const rooms = fc.oneof(
    fc.integer({ min: 0, max: 1e9 }),
    fc.maxSafeInteger().map((n) => Math.abs(n) % 1e15),
  );

  test("whatever is asked: within the room, no leaf below a floor, nobody more than asked, in proportion", () => {
    let shrunk = 0;
    fc.assert(
      fc.property(guarantees, rooms, (asked, more) => {
        const room = asked.length * floorBits + more;
        const now = scaled(asked, room);
        expect(now.length).toBe(asked.length);
        const leaves = now.reduce((sum, bits) => sum + BigInt(leafRateBits(bits)), 0n);
        expect(leaves <= BigInt(room)).toBe(true);
        for (const [at, bits] of now.entries()) {
          const wanted = asked[at] ?? 0;
          expect(Number.isSafeInteger(bits)).toBe(true);
          expect(bits).toBeLessThanOrEqual(wanted);
          expect(bits).toBeGreaterThanOrEqual(Math.min(wanted, floorBits));
          // Whoever asked for more has no less.
          for (const [other, theirs] of now.entries())
            if (wanted >= (asked[other] ?? 0)) expect(bits).toBeGreaterThanOrEqual(theirs);
        }
        if (now.every((bits, at) => bits === asked[at])) return;
        shrunk++;
        // Nothing is left over but what rounding takes.
        expect(BigInt(room) - leaves).toBeLessThanOrEqual(BigInt(asked.length));
      }),
      { numRuns: 1000 },
    );
    expect(shrunk).toBeGreaterThan(50);
  });

  test("the order of the others does not matter", () => {
    fc.assert(
      fc.property(guarantees, rooms, (asked, room) => {
        const reversed = scaled(asked.toReversed(), room).toReversed();
        expect(reversed).toEqual(scaled(asked, room));
      }),
      { numRuns: 300 },
    );
  });
});

const trees: TreeSettings = {
  uplink: "eth0",
  egressCapacityBits: 400e6,
  ingressCapacityBits: 400e6,
  egressReserveBits: 20e6,
  ingressReserveBits: 20e6,
  overcommit: "scale",
  wireBits: 400e6,
  hostGsoMaxBytes: 65_536,
  setsHostGso: false,
  policesHost: true,
  leafKind: "bfifo",
  hostClasses: [],
};

interface Pod {
  promise: PodPromise;
  mtuBytes: number;
}

function pod(egressBits: number, more: Partial<PodPromise> = {}): Pod {
  return {
    mtuBytes: 1500,
    promise: {
      egress: { guaranteeBits: egressBits, limitBits: null, burstBytes: null },
      ingress: { guaranteeBits: 0, limitBits: null, burstBytes: null },
      latencyTargetUs: null,
      tier: null,
      notes: [],
      ...more,
    },
  };
}

describe("in force", () => {
  test("is what was promised, while it fits", () => {
    const held = [pod(200e6), pod(0), pod(180e6)];
    expect(inForce(held, trees)).toEqual(held);
  });

  test("is scaled in the direction that does not fit, and says so", () => {
    const ingress = { guaranteeBits: 50e6, limitBits: null, burstBytes: null };
    const [first, effortless, second] = inForce(
      [pod(300e6, { ingress }), pod(0), pod(460e6, { notes: ["a note"] })],
      trees,
    );
    expect(first?.promise.egress.guaranteeBits).toBe(150e6);
    expect(first?.promise.ingress).toEqual(ingress);
    expect(first?.promise.notes).toEqual([
      "the egress guarantee (300M) is scaled to 150M: guarantees of 760M share 380M",
    ]);
    expect(effortless).toEqual(pod(0));
    expect(second?.promise.egress.guaranteeBits).toBe(230e6);
    expect(second?.promise.notes[0]).toBe("a note");
  });

  test("is scaled with overcommit reject too, where a capacity was lowered since", () => {
    const held = [pod(300e6), pod(460e6)];
    expect(inForce(held, { ...trees, overcommit: "reject" })).toEqual(inForce(held, trees));
  });

  test("leaves the host's own classes whole", () => {
    const storage = { name: "storage", ports: [3260], egressGuaranteeBits: 80e6 };
    const [first, second] = inForce([pod(300e6), pod(300e6)], { ...trees, hostClasses: [storage] });
    expect(first?.promise.egress.guaranteeBits).toBe(150e6);
    expect(second?.promise.egress.guaranteeBits).toBe(150e6);
  });

  test("keeps a limit; with a latency target the limit follows, and the note says that it is precedence only", () => {
    const limited = { guaranteeBits: 380e6, limitBits: 390e6, burstBytes: 1 };
    const equal = { guaranteeBits: 380e6, limitBits: 380e6, burstBytes: 60_001 };
    const [plain, latency] = inForce(
      [pod(0, { egress: limited }), pod(0, { egress: equal, latencyTargetUs: 1_000 })],
      trees,
    );
    expect(plain?.promise.egress).toEqual({ ...limited, guaranteeBits: 190e6 });
    expect(latency?.promise).toMatchObject({
      egress: { guaranteeBits: 190e6, limitBits: 190e6, burstBytes: 30_000 },
      latencyTargetUs: 1_000,
      notes: [expect.stringContaining("the latency target gives precedence, but is not kept")],
    });
    expect(plain?.promise.notes.join()).not.toContain("latency");
  });

  test("whatever is held, all leaf rates and the host's stay within the capacity", () => {
    const guarantee = fc.oneof(fc.constant(0), fc.integer({ min: 1_000, max: 500e6 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(guarantee, guarantee), { maxLength: 300 }), (pairs) => {
        const held = pairs.map(([egress, ingress]) =>
          pod(egress, { ingress: { guaranteeBits: ingress, limitBits: null, burstBytes: null } }),
        );
        const now = inForce(held, trees);
        for (const direction of directions) {
          const leaves = now.reduce(
            (sum, { promise }) => sum + leafRateBits(promise[direction].guaranteeBits),
            0,
          );
          expect(leaves + hostRateBits(400e6, 20e6)).toBeLessThanOrEqual(400e6);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("admission where guarantees are scaled", () => {
  const ask = (keys: Partial<AdmissionAsk>): AdmissionAsk => ({
    direction: "egress",
    capacityBits: 400e6,
    reserveBits: 20e6,
    hosts: [],
    held: [],
    askedBits: 0,
    holder: "pods/new",
    ...keys,
  });
  const held = (...bits: number[]) =>
    bits.map((guaranteeBits, at) => ({ holder: `pods/p${at}`, guaranteeBits }));

  test.each<[string, Partial<AdmissionAsk>, number]>([
    ["what fits, with what is left", { held: held(100e6), askedBits: 80e6 }, 200e6],
    ["what does not fit", { held: held(380e6), askedBits: 380e6 }, 0],
    ["best effort beside guarantees that took all", { held: held(380e6), askedBits: 0 }, 0],
    [
      "what fits beside the host's own",
      { hosts: [{ holder: "host class a", guaranteeBits: 80e6 }], askedBits: 300e6 },
      0,
    ],
    [
      "the last floor",
      { capacityBits: 32_000, reserveBits: 8_000, held: held(20e3, 9e3), askedBits: 9e3 },
      0,
    ],
  ])("%s is admitted", (_, keys, freeBits) => {
    expect(admitScaled(ask(keys))).toEqual({ ok: true, freeBits });
  });

  test.each<[string, Partial<AdmissionAsk>]>([
    ["more than the node could give to one pod", { askedBits: 380e6 + 1 }],
    [
      "more than the host's own leave to one pod",
      { hosts: [{ holder: "host class a", guaranteeBits: 80e6 }], askedBits: 301e6 },
    ],
    ["that, beside others", { held: held(1e6), askedBits: 380e6 + 1 }],
    [
      "what would leave somebody without a floor",
      { capacityBits: 31_999, reserveBits: 8_000, held: held(20e3, 9e3), askedBits: 9e3 },
    ],
  ])("%s is refused", (_, keys) => {
    expect(admitScaled(ask(keys))).toMatchObject({ ok: false, askedBits: keys.askedBits });
  });
});
