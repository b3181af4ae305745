/** Bursts that are chosen together, against every choice that there is. */
import { describe, expect, test } from "bun:test";
import { burstTicks, rateBytes, sameTicks } from "../../src/plan/units.ts";
import {
  type Bounded,
  boundsOf,
  type EgressPath,
  isLate,
  type LatencyClass,
} from "../../src/promise/bound.ts";
import { chooseBursts, type LatencyAsk, leastBounds } from "../../src/promise/bursts.ts";
import { Random } from "../node/model/random.ts";

const gigabit: EgressPath = {
  capacityBits: 1e9,
  wireBits: 1e9,
  tbfBurstBytes: 25_000,
  blocking: { bytes: 12_500, owner: "another pod's" },
};
const one: LatencyAsk = {
  holder: "a",
  guaranteeBits: 100e6,
  unitBytes: 1_514,
  leastBytes: 1_514,
  isFixed: false,
  targetUs: 1000,
};
const burstsOf = (path: EgressPath, asks: readonly LatencyAsk[]): number[] =>
  chooseBursts(path, asks).map(({ burstBytes }) => burstBytes);

describe("which bursts", () => {
  // The path alone takes 300 us, and 1,514 bytes 12.1 more.
  test.each<[string, Partial<LatencyAsk>[], number[]]>([
    ["alone: what it sends in its target's time", [{}], [12_500]],
    ["5 ms at the most", [{ targetUs: 1_000_000 }], [62_500]],
    ["a step of time, not a time between two", [{ targetUs: 990 }], [11_250]],
    [
      "three quarters of what a tight target leaves beside the least burst",
      [{ targetUs: 340 }],
      [3_937],
    ],
    ["the least, where the target leaves no more", [{ targetUs: 313 }], [1_514]],
    [
      "the same time for all",
      [{ targetUs: 600 }, { guaranteeBits: 200e6, targetUs: 600 }],
      [6_250, 12_500],
    ],
    [
      "less for a shorter target, and the more for the others",
      [{ targetUs: 500 }, { targetUs: 2000 }],
      [6_250, 8_875],
    ],
    [
      "a pod's own word is taken as it is",
      [{ leastBytes: 20_000, isFixed: true }, {}],
      [20_000, 12_500],
    ],
    ["where the targets cannot be kept, the least", [{ targetUs: 300 }, {}], [1_514, 1_514]],
  ])("%s", (_, asks, bursts) => {
    expect(
      burstsOf(
        gigabit,
        asks.map((ask) => ({ ...one, ...ask })),
      ),
    ).toEqual(bursts);
  });
});

/** Up to three classes with units, and so bursts, of a few bytes: all choices can be tried. */
function small(random: Random): { path: EgressPath; asks: LatencyAsk[] } {
  const asks = Array.from({ length: random.whole(1, 3) }, (_, n): LatencyAsk => {
    const unitBytes = random.whole(1, 5);
    const isFixed = random.isOneIn(4);
    return {
      holder: String(n),
      guaranteeBits: random.whole(1, 300) * 1000,
      unitBytes,
      leastBytes: isFixed ? unitBytes + random.whole(0, 8) : unitBytes,
      isFixed,
      targetUs: random.whole(50, 600),
    };
  });
  return {
    path: {
      capacityBits: 1e6,
      wireBits: 1e6,
      tbfBurstBytes: random.whole(1, 8),
      blocking: { bytes: random.whole(1, 8), owner: "another pod's" },
    },
    asks,
  };
}

const mostBytes = 12;

/** Every choice of whole bytes, from one unit on. */
function choices([ask, ...rest]: readonly LatencyAsk[]): LatencyClass[][] {
  if (ask === undefined) return [[]];
  const { isFixed, leastBytes, ...own } = ask;
  const bursts = isFixed
    ? [leastBytes]
    : Array.from({ length: mostBytes - leastBytes + 1 }, (_, more) => leastBytes + more);
  const others = choices(rest);
  return bursts.flatMap((burstBytes) =>
    others.map((classes) => [{ ...own, burstBytes }, ...classes]),
  );
}

const isKept = (bounds: Bounded[]): boolean => !bounds.some(isLate);

test("2,000 sets against all choices of bursts: refused are those of which no choice keeps every target", () => {
  const random = new Random(28);
  const counts = { sets: 0, choices: 0, fit: 0, refused: 0, onlyTheLeast: 0 };
  for (let round = 0; round < 2000; round++) {
    const { path, asks } = small(random);
    const all = choices(asks);
    const keeping = all.filter((classes) => isKept(boundsOf(path, classes)));
    const fits = isKept(leastBounds(path, asks));
    expect({ asks, fits }).toEqual({ asks, fits: keeping.length > 0 });
    const chosen = chooseBursts(path, asks);
    expect(isKept(boundsOf(path, chosen))).toBe(fits);
    counts.sets++;
    counts.choices += all.length;
    counts[fits ? "fit" : "refused"]++;
    if (keeping.length === 1 && all.length > 1) counts.onlyTheLeast++;
  }
  expect(counts).toEqual({
    sets: 2000,
    choices: 348_778,
    fit: 1106,
    refused: 894,
    onlyTheLeast: 42,
  });
});

function usual(random: Random): LatencyAsk[] {
  return Array.from({ length: random.whole(1, 12) }, (_, n) => {
    const unitBytes = random.whole(1_514, 9_000);
    const isFixed = random.isOneIn(5);
    return {
      holder: String(n),
      guaranteeBits: random.whole(8, 80_000) * 1000,
      unitBytes,
      leastBytes: isFixed ? random.whole(unitBytes, 60_000) : unitBytes,
      isFixed,
      targetUs: random.whole(500, 20_000),
    };
  });
}

describe("of 1,000 random sets", () => {
  const random = new Random(29);
  const sets = Array.from({ length: 1000 }, () => usual(random));
  const fitting = sets.filter((asks) => isKept(leastBounds(gigabit, asks)));

  test("some fit, some do not", () => {
    expect(fitting.length).toBeGreaterThan(300);
    expect(sets.length - fitting.length).toBeGreaterThan(100);
  });

  test("the same set has the same bursts in another order", () => {
    for (const asks of sets) {
      const order = random.shuffled(asks);
      const inOrder = (some: readonly LatencyAsk[]) =>
        new Map(chooseBursts(gigabit, some).map((c) => [c.holder, c.burstBytes]));
      expect(inOrder(order)).toEqual(inOrder(asks));
    }
  });

  test("who goes makes nobody late, and nobody's burst shorter", () => {
    for (const asks of fitting) {
      const now = burstsOf(gigabit, asks);
      const left = random.whole(0, asks.length - 1);
      const rest = asks.toSpliced(left, 1);
      expect(isKept(leastBounds(gigabit, rest))).toBe(true);
      for (const [at, bytes] of burstsOf(gigabit, rest).entries())
        expect(bytes).toBeGreaterThanOrEqual(now.toSpliced(left, 1)[at] ?? 0);
    }
  });
});

test("two bursts that a pod may have are never the same to the kernel, so each is put in force", () => {
  const random = new Random(30);
  for (let round = 0; round < 300; round++) {
    const guaranteeBits = random.whole(8, 2_000_000) * 1000;
    const unitBytes = random.whole(1_514, 65_536);
    const ask = { ...one, guaranteeBits, unitBytes, leastBytes: unitBytes, targetUs: 20_000 };
    // From room for all of them to none.
    const bursts = Array.from({ length: 300 }, (_, n) =>
      burstsOf({ ...gigabit, capacityBits: 2e9, tbfBurstBytes: n * 8_000 }, [ask]),
    ).flat();
    const ticks = [...new Set(bursts)].map((bytes) => burstTicks(bytes, rateBytes(guaranteeBits)));
    for (const [at, each] of ticks.entries())
      for (const other of ticks.slice(at + 1)) expect(sameTicks(each, other)).toBe(false);
  }
});
