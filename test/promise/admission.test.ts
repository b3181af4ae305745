import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Direction, directions } from "../../src/plan/node.ts";
import { floorBits } from "../../src/plan/shape.ts";
import { type AdmissionAsk, admit, type Refused, refusal } from "../../src/promise/admission.ts";
import {
  type Holder,
  hostRateBits,
  leafRateBits,
  reserveBits,
} from "../../src/promise/capacity.ts";

describe("the reserve", () => {
  test.each([
    [{ kind: "percent", percent: 5 }, 10e9, 500e6],
    [{ kind: "percent", percent: 0 }, 10e9, 0],
    [{ kind: "percent", percent: 2.125 }, 1e15, 21_250_000_000_000],
    // 0.07 x 1e9 + 0.07 is not whole: up.
    [{ kind: "percent", percent: 7 }, 1_000_000_001, 70_000_001],
    [{ kind: "percent", percent: 99.999 }, 100_000, 99_999],
    [{ kind: "percent", percent: 33.333 }, 1e15, 333_330_000_000_000],
    [{ kind: "rate", bits: 123 }, 1e9, 123],
  ] as const)("%p of %p is %p", (reserve, capacityBits, bits) => {
    expect(reserveBits(reserve, capacityBits)).toBe(bits);
  });
});

describe("the host's own class", () => {
  test.each([
    ["the reserve less 256 floors", 10e9, 500e6, 500e6 - 256 * 8_000],
    ["half of a small reserve", 10e6, 500e3, 250e3],
    ["where the budget begins to be whole", 1e9, 4_096_000, 2_048_000],
    ["a floor at least", 1e9, 0, 8_000],
    ["a floor of a tiny reserve", 1e9, 10_000, 8_000],
    ["an odd reserve", 1e9, 100_001, 50_001],
    ["never above the capacity", 5_000, 0, 5_000],
  ])("%s", (_, capacityBits, reservedBits, hostBits) => {
    expect(hostRateBits(capacityBits, reservedBits)).toBe(hostBits);
  });
});

const holders = (...bits: number[]): Holder[] =>
  bits.map((guaranteeBits, index) => ({ holder: `pods/p${index}`, guaranteeBits }));

function askWith(keys: Partial<AdmissionAsk>): AdmissionAsk {
  return {
    direction: "egress",
    capacityBits: 1e9,
    reserveBits: 100e6,
    hosts: [],
    held: [],
    askedBits: 0,
    holder: "pods/new",
    ...keys,
  };
}

describe("admission", () => {
  const floors = (count: number) => holders(...Array<number>(count).fill(0));
  test.each<[string, Partial<AdmissionAsk>, number]>([
    ["all there is", { askedBits: 900e6 }, 0],
    ["the rest", { held: holders(500e6, 300e6), askedBits: 100e6 }, 0],
    ["a part", { held: holders(500e6), askedBits: 100e6 }, 300e6],
    ["best effort costs nothing while the reserve pays", { held: floors(255) }, 900e6],
    [
      "its own former promise does not count",
      { held: [{ holder: "pods/new", guaranteeBits: 900e6 }], askedBits: 900e6 },
      0,
    ],
    [
      "the 256th floor is the last that the reserve pays",
      { held: floors(255), askedBits: 0 },
      900e6,
    ],
    ["the 257th takes from the guarantees", { held: floors(256), askedBits: 0 }, 900e6 - 8_000],
    ["a guarantee beside many floors", { held: floors(300), askedBits: 900e6 - 44 * 8_000 }, 0],
    [
      "a guarantee below a floor takes a floor",
      { held: holders(899_992_000), askedBits: 1_000 },
      0,
    ],
  ])("%s is admitted", (_, keys, freeBits) => {
    expect(admit(askWith(keys))).toEqual({ ok: true, freeBits });
  });

  test.each<[string, Partial<AdmissionAsk>, number]>([
    ["a bit too much", { askedBits: 900e6 + 1 }, 900e6],
    ["a bit more than the rest", { held: holders(500e6, 300e6), askedBits: 100e6 + 1 }, 100e6],
    ["a floor, where guarantees took all", { held: [...holders(900e6), ...floors(256)] }, 0],
    ["below a floor, where less is left", { held: holders(899_992_001), askedBits: 1_000 }, 7_999],
    ["anything, where more is promised than there is", { held: holders(2e9), askedBits: 1_000 }, 0],
    ["anything, where all is reserved", { reserveBits: 1e9, askedBits: 1_000 }, 0],
  ])("%s is refused", (_, keys, freeBits) => {
    expect(admit(askWith(keys))).toMatchObject({ ok: false, freeBits });
  });

  test("what was said to be free is admitted, and a bit more is not", () => {
    const refused = admit(askWith({ held: holders(500e6, 0, 123_457), askedBits: 1e9 }));
    expect(refused.ok).toBe(false);
    const { freeBits } = refused;
    const again = (askedBits: number) =>
      admit(askWith({ held: holders(500e6, 0, 123_457), askedBits }));
    expect(again(freeBits)).toEqual({ ok: true, freeBits: 0 });
    expect(again(freeBits + 1).ok).toBe(false);
  });
});

describe("the refusal", () => {
  const refused = (keys: Partial<AdmissionAsk>): Refused => {
    const result = admit(askWith(keys));
    if (result.ok) throw new Error("it was admitted");
    return result;
  };

  test("tells asked, free, capacity, reserve and the five largest holders", () => {
    const held = holders(100e6, 50e6, 300e6, 10e6, 0, 20e6, 30e6);
    const decision = refused({ held, askedBits: 400e6, holder: "pods/new" });
    const error = refusal(decision, false);
    expect(error.kind).toBe("promiseRefused");
    expect(error.code).toBe(100);
    expect(error.message).toBe(
      "pods/new asks for an egress guarantee of 400M, and 390M is free: capacity 1G, reserve 100M, guaranteed 510M to others, 1 best-effort pods",
    );
    expect(error.details).toBe(
      "Largest holders: pods/p2 300M, pods/p0 100M, pods/p1 50M, pods/p6 30M, pods/p5 20M. Ask for less, free a guarantee, or raise uplink.egressCapacity if the link can do more.",
    );
    // The configuration's key says nothing while another capacity is set.
    expect(refusal(decision, true).details).toEndWith(
      "or set more with `fairway set-capacity --egress RATE`, or take back what was set (`--egress -`), if the link can do more.",
    );
  });

  test("of a floor, with no holder", () => {
    const error = refusal(
      refused({ direction: "ingress", capacityBits: 8_000, reserveBits: 0 }),
      false,
    );
    expect(error.message).toStartWith(
      "pods/new asks for the ingress floor of a best-effort pod (8k), and 0 is free: capacity 8k,",
    );
    expect(error.details).toStartWith("No pod holds a guarantee.");
  });
});

describe("the sum of all leaf rates and the host's", () => {
  interface Step {
    pod: number;
    /** null: it goes. */
    askedBits: number | null;
  }
  const capacity = fc.oneof(
    fc.integer({ min: 1_000, max: 10_000_000 }),
    fc.integer({ min: 1_000, max: 1e15 }),
  );
  const askedOf = (capacityBits: number) =>
    fc.oneof(
      fc.constant(0),
      fc.constant(null),
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: Math.max(1, Math.floor(capacityBits / 5)) }),
    );
  const node = capacity.chain((capacityBits) =>
    fc.record({
      capacityBits: fc.constant(capacityBits),
      reserveBits: fc.integer({ min: 0, max: capacityBits }),
      direction: fc.constantFrom<Direction>(...directions),
      steps: fc.array(fc.record<Step>({ pod: fc.nat(400), askedBits: askedOf(capacityBits) }), {
        maxLength: 60,
        size: "max",
      }),
      /** Enough at times to exhaust the floors' budget. */
      crowd: fc.nat(300),
    }),
  );

  test("never exceeds the capacity, whatever comes and goes", () => {
    let refusals = 0;
    let admissions = 0;
    fc.assert(
      fc.property(node, ({ capacityBits, reserveBits: reserved, direction, steps, crowd }) => {
        const held = new Map<string, number>();
        let sum = hostRateBits(capacityBits, reserved);
        expect(sum).toBeLessThanOrEqual(capacityBits);
        const crowded = Array.from({ length: crowd }, (_, pod): Step => ({ pod, askedBits: 0 }));
        for (const { pod, askedBits } of [...crowded, ...steps]) {
          const holder = `p${pod}`;
          const former = held.get(holder);
          if (askedBits === null) {
            held.delete(holder);
            sum -= former === undefined ? 0 : leafRateBits(former);
            continue;
          }
          const others = [...held].map(([name, guaranteeBits]) => ({
            holder: name,
            guaranteeBits,
          }));
          const ask = {
            direction,
            capacityBits,
            reserveBits: reserved,
            hosts: [],
            held: others,
            askedBits,
            holder,
          };
          const result = admit(ask);
          expect(result.freeBits).toBeGreaterThanOrEqual(0);
          if (!result.ok) {
            refusals++;
            continue;
          }
          admissions++;
          held.set(holder, askedBits);
          sum += leafRateBits(askedBits) - (former === undefined ? 0 : leafRateBits(former));
          if (sum > capacityBits) throw new Error(`${sum} of ${capacityBits}`);
        }
      }),
      { numRuns: 1_000 },
    );
    // The property says nothing if all are refused, or none.
    expect(refusals).toBeGreaterThan(1_000);
    expect(admissions).toBeGreaterThan(1_000);
  });

  test("a leaf's rate is its guarantee, and at least a floor", () => {
    expect(leafRateBits(0)).toBe(floorBits);
    expect(leafRateBits(5_000)).toBe(8_000);
    expect(leafRateBits(8_001)).toBe(8_001);
  });
});
