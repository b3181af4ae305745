import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { diff } from "../../src/plan/diff.ts";
import {
  type FqCodel,
  fqCodelDifferences,
  leafKinds,
  leafQueue,
  madeAnew,
  plainKind,
} from "../../src/plan/leaf-queue.ts";
import type { PodPromise } from "../../src/plan/node.ts";
import { linesOf } from "../../src/plan/render.ts";
import { hostShape, leafShape } from "../../src/plan/shape.ts";
import { type Qdisc, type QdiscSpec, type State, stateOf } from "../../src/plan/state.ts";
import { codelGivenUs, codelTicks } from "../../src/plan/units.ts";
import { promiseWith, trees } from "./samples.ts";

const gigabit = 1e9;
const gsoBytes = 5_000;

function promise(
  guaranteeBits: number,
  limitBits: number | null,
  latencyTargetUs: number | null = null,
): PodPromise {
  const direction = { guaranteeBits, limitBits, burstBytes: null };
  return promiseWith({ egress: direction, ingress: direction, latencyTargetUs });
}

function codel(asked: PodPromise, capacityBits = gigabit): FqCodel {
  const spec = leafQueue(
    "fq_codel",
    leafShape(asked, "egress", capacityBits, gsoBytes),
    capacityBits,
  );
  if (spec.type !== "fq_codel") throw new TypeError(spec.type);
  return spec;
}

describe("fq_codel's numbers", () => {
  test.each([
    // Half of the 10 ms that a fifo would hold: CoDel's usual 5 ms, with its usual interval.
    ["best effort at 1 Gbit/s", promise(0, null), 5_000, 100_000, 4 * 1_250_000],
    ["a limit of 100 Mbit/s", promise(0, 100e6), 5_000, 100_000, 4 * 125_000],
    ["a guarantee without a limit", promise(200e6, null), 5_000, 100_000, 4 * 1_250_000],
    ["a latency target", promise(400e6, 400e6, 2_000), 1_000, 96_000, 4 * 100_000],
    // The fifo holds two units then, and a unit takes 8 ms.
    ["a limit where a unit takes long", promise(0, 5e6), 8_000, 103_000, 4 * 2 * gsoBytes],
    ["a target below what a unit takes", promise(5e6, 5e6, 1_000), 8_000, 103_000, 8 * gsoBytes],
  ])("%s", (_, asked, targetUs, intervalUs, memoryLimitBytes) => {
    expect(codel(asked)).toMatchObject({ targetUs, intervalUs, memoryLimitBytes, ecn: true });
  });

  test("the host's leaf is sized by the tree, not by its rate", () => {
    expect(leafQueue("fq_codel", hostShape(trees, 40e6), gigabit)).toMatchObject({
      targetUs: 5_000,
      memoryLimitBytes: 4 * 1_250_000,
    });
  });

  test("over the whole range: times and sizes that the kernel holds, an interval above the target", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 12 }),
        fc.integer({ min: 1, max: 9 }),
        fc.option(fc.integer({ min: 50, max: 1e6 })),
        (exponent, digit, targetUs) => {
          const bits = digit * 10 ** exponent;
          const spec = codel(
            promise(targetUs === null ? 0 : bits, bits, targetUs),
            Math.max(bits, 1e6),
          );
          // codel_time_before() compares as signed 32 bits.
          expect(codelTicks(spec.intervalUs)).toBeLessThan(2 ** 31);
          expect(spec.targetUs).toBeGreaterThan(0);
          expect(spec.intervalUs).toBeGreaterThan(spec.targetUs);
          expect(spec.memoryLimitBytes).toBeGreaterThanOrEqual(8 * gsoBytes);
          expect(spec.memoryLimitBytes).toBeLessThanOrEqual(2 ** 31);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("a fifo is what the shape says", () => {
  const shape = leafShape(promise(0, 100e6), "egress", gigabit, gsoBytes);
  expect(leafQueue("bfifo", shape, gigabit)).toEqual({ type: "bfifo", limitBytes: 125_000 });
});

test("the kind that is always there is the last", () => {
  expect(leafKinds.at(-1)).toBe(plainKind);
});

test("what the kernel tells of a CoDel time, given back to it, leads to the same", () => {
  // codel_time_to_us(): ticks of 1024 ns, in whole microseconds.
  const told = (us: number) => Math.floor((codelTicks(us) * 1024) / 1000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (us) => {
      expect(codelTicks(codelGivenUs(told(us)))).toBe(codelTicks(us));
    }),
    { numRuns: 1000 },
  );
});

describe("differences", () => {
  const want = codel(promise(0, 100e6));
  const altered: [keyof FqCodel, Partial<FqCodel>, string, boolean][] = [
    ["targetUs", { targetUs: 6_000 }, "target is 6000 us, should be 5000 us", false],
    ["intervalUs", { intervalUs: 50_000 }, "interval is 50000 us", false],
    ["limitPackets", { limitPackets: 10 }, "limit is 10 packets", false],
    ["memoryLimitBytes", { memoryLimitBytes: 1 }, "memory limit is 1 bytes", false],
    ["flows", { flows: 16 }, "flows is 16, should be 1024", true],
    ["quantumBytes", { quantumBytes: 300 }, "quantum is 300 bytes", false],
    ["dropBatchPackets", { dropBatchPackets: 1 }, "drop batch is 1 packets", false],
    ["ecn", { ecn: false }, "ecn is false, should be true", false],
    ["ceThresholdUs", { ceThresholdUs: 9 }, "ce_threshold is 9, should be none", true],
  ];

  test("every setting is compared", () => {
    expect(altered.map(([name]) => name as string).sort()).toEqual(
      Object.keys(want)
        .filter((k) => k !== "type")
        .sort(),
    );
    expect(fqCodelDifferences(want, { ...want })).toEqual([]);
    // 1024 ns: the same to the kernel.
    const to = (targetUs: number) => ({ ...want, targetUs });
    expect(fqCodelDifferences(to(5_121), to(5_120))).toEqual([]);
    expect(fqCodelDifferences(to(5_122), to(5_120))).toHaveLength(1);
  });

  test.each(altered)("%s", (_, change, text, anew) => {
    const have = { ...want, ...change };
    expect(fqCodelDifferences(want, have)).toEqual([expect.stringContaining(text)]);
    expect(madeAnew(want, have)).toBe(anew);
  });
});

describe("steps", () => {
  const leaf = (spec: QdiscSpec, handle = "10:"): State => {
    const object: Qdisc = { kind: "qdisc", dev: "eth0", parent: "fa01:10", handle, spec };
    return stateOf([{ owner: "base", object }]);
  };
  const want = codel(promise(0, 100e6));
  const settings =
    "target 5000us interval 100000us quantum 1514 memory_limit 500000b drop_batch 64 ecn";
  const created = `qdisc replace dev eth0 parent fa01:10 handle 10: fq_codel limit 10240 flows 1024 ${settings}`;
  const gone = "qdisc del dev eth0 parent fa01:10";
  test.each<[string, State, string[]]>([
    ["nothing there", new Map(), [created]],
    // `flows` again, even the same, is refused.
    [
      "another target",
      leaf({ ...want, targetUs: 9_000 }),
      [`qdisc change dev eth0 parent fa01:10 handle 10: fq_codel limit 10240 ${settings}`],
    ],
    ["other flows", leaf({ ...want, flows: 16 }), [gone, created]],
    ["a threshold", leaf({ ...want, ceThresholdUs: 1_000 }), [gone, created]],
    ["a fifo under our handle", leaf({ type: "bfifo", limitBytes: 9 }), [gone, created]],
    ["the same", leaf(want), []],
  ])("%s", (_, have, lines) => {
    const { steps } = diff(leaf(want), have);
    expect(steps.flatMap(linesOf).map((line) => line.text)).toEqual(lines);
  });
});
