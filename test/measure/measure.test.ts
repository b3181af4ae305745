import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Sample } from "../../src/measure/counters.ts";
import { measureClass, measureFlow, queueDelayUs } from "../../src/measure/measure.ts";
import { lookTimes } from "../../src/measure/schedule.ts";
import { counters, looks, times } from "./support.ts";

const ends = (samples: Sample[]): Sample[] => [samples[0], samples.at(-1)].flatMap((s) => s ?? []);
const measured = (samples: Sample[], guaranteeBits: number) =>
  measureClass(samples, ends(samples), guaranteeBits);

describe("Little's law", () => {
  test.each([
    // An M/D/1-like case by hand: 12,500 bytes waiting at 1,250,000 bytes/s wait 10 ms.
    ["10 Mbit/s with 12.5 kB waiting", 12_500, 1_250_000, 10_000],
    ["nothing waits", 0, 1_250_000, 0],
    ["nothing waits and nothing is sent", 0, 0, 0],
    ["something waits and nothing is sent", 1, 0, null],
  ])("%s", (_, backlog, throughput, us) => {
    expect(queueDelayUs(backlog, throughput)).toBe(us);
  });
});

describe("a class over an interval", () => {
  const steady = looks(times(21, [625_000, 10] as [number, number]));

  test("rate, packets, backlog and delay", () => {
    expect(measured(steady, 50e6)).toMatchObject({
      known: true,
      seconds: 1,
      samples: 21,
      rateBits: 100e6,
      sentBytes: 12_500_000,
      packetsPerSecond: 8256,
      backlogBytesMean: 15_140,
      backlogBytesMax: 15_140,
      backloggedShare: 1,
      queueDelayUs: 15_140 / 12.5,
      drops: 0,
    });
  });

  test("the backlog is a mean over time, not over looks", () => {
    const samples = [0, 900, 1000].map((atMs, i) => ({
      atMs,
      counters: counters({ bytes: i * 1000, backlogBytes: i === 2 ? 1000 : 0, backlogPackets: 1 }),
    }));
    expect(measured(samples, 0)).toMatchObject({ backlogBytesMean: 50 });
  });

  test.each([
    ["best effort", 0, steady, "none", null],
    ["a full queue and the guarantee", 100e6, steady, "kept", 0],
    ["a full queue and half of it", 200e6, steady, "below", 1],
    ["idle", 100e6, looks(times(21, [0, 0] as [number, number])), "noDemand", null],
    [
      "less than the guarantee, by its own choice",
      100e6,
      looks(times(21, [300_000, 0] as [number, number])),
      "noDemand",
      null,
    ],
    [
      "more than it, nothing waits",
      100e6,
      looks(times(21, [700_000, 0] as [number, number])),
      "kept",
      null,
    ],
    [
      "demand that the interval is too short for",
      100_000,
      looks(times(4, [0, 5] as [number, number])),
      "tooShort",
      null,
    ],
  ])("%s", (_, guaranteeBits, samples, state, belowShare) => {
    expect(measured(samples, guaranteeBits)).toMatchObject({
      promise: { state: state as "kept", belowShare },
    });
  });

  test("drops are the leaf queue's, and unknown if that was made anew", () => {
    const leaf = (before: number, after: number) =>
      [before, after].map((drops, atMs) => ({ atMs, counters: counters({ drops }) }));
    expect(measureClass(steady, leaf(3, 10), 0)).toMatchObject({ drops: 7 });
    expect(measureClass(steady, leaf(3, 0), 0)).toMatchObject({ known: true, drops: null });
    expect(measureClass(steady, [], 0)).toMatchObject({ known: true, drops: null });
  });

  test("a class that was made anew says nothing, however little it lost", () => {
    const samples = looks([
      [100, 0],
      [100, 0],
      [-1, 0],
      [500, 0],
    ]);
    expect(measured(samples, 1e6)).toEqual({ known: false, why: "replaced" });
  });

  test("two looks at one moment are a mistake", () => {
    const samples = [0, 0].map((atMs) => ({ atMs, counters: counters() }));
    expect(() => measureFlow(samples)).toThrow(RangeError);
  });
});

const sample = fc.record({
  bytes: fc.nat(2 ** 31 - 1),
  packets: fc.nat(1_000_000),
  drops: fc.nat(1000),
  backlogBytes: fc.nat(10_000_000),
  backlogPackets: fc.nat(1000),
  gapMs: fc.double({ min: 0.01, max: 5000, noNaN: true }),
  there: fc.boolean(),
});

describe("whatever the counters do", () => {
  test("a measure is unknown, or all of it is finite and not negative, and shares are shares", () => {
    fc.assert(
      fc.property(fc.array(sample), fc.nat(1e9), fc.boolean(), (rows, guaranteeBits, monotone) => {
        let atMs = 0;
        const total = { bytes: 0, packets: 0, drops: 0 };
        const samples = rows.map((row): Sample => {
          atMs += row.gapMs;
          total.bytes += row.bytes;
          total.packets += row.packets;
          total.drops += row.drops;
          if (monotone) return { atMs, counters: { ...row, ...total } };
          return { atMs, counters: row.there ? row : null };
        });
        const found = measured(samples, guaranteeBits);
        if (!found.known) return !monotone || rows.length < 2;
        const { promise, queueDelayUs: delay, drops, ...rest } = found;
        const numbers = [...Object.values(rest).map(Number), delay ?? 0, drops ?? 0];
        const share = promise.belowShare ?? 0;
        return (
          numbers.every((n) => Number.isFinite(n) && n >= 0) &&
          share >= 0 &&
          share <= 1 &&
          found.backloggedShare <= 1 &&
          promise.judgedSeconds <= promise.demandSeconds * 1.000001 &&
          promise.belowSeconds <= promise.judgedSeconds &&
          promise.demandSeconds <= found.seconds * 1.000001
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("a class that is served at a steady rate while its queue is full is below its promise if and only if the rate is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 2, max: 1000 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (percent, megabits, random) => {
          // What lies between is either, by the size of the unit.
          fc.pre(percent < 70 || percent >= 95);
          const guaranteeBits = megabits * 1e6;
          const bytesPerMs = (guaranteeBits / 8000) * (percent / 100);
          const samples = lookTimes(1000, () => random.next().value).map((atMs) => {
            const packets = Math.floor((atMs * bytesPerMs) / 1514);
            const counted = {
              bytes: packets * 1514,
              packets,
              backlogBytes: 15_140,
              backlogPackets: 10,
            };
            return { atMs, counters: counters(counted) };
          });
          const found = measured(samples, guaranteeBits);
          const expected = percent < 70 ? "below" : "kept";
          return found.known && found.promise.state === expected;
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a class with an empty queue is never below its promise", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(10_000_000), { minLength: 2 }),
        fc.nat(1e12),
        (sent, guarantee) => {
          const found = measured(looks(sent.map((bytes) => [bytes, 0])), guarantee);
          return found.known && found.promise.belowShare === null && found.queueDelayUs === 0;
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("when to look", () => {
  test.each([
    ["a second", 1000, 21],
    ["the shortest interval", 100, 11],
    ["a minute", 60_000, 21],
  ])("%s", (_, intervalMs, count) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (random) => {
        const offsets = lookTimes(intervalMs, () => random.next().value);
        const gaps = offsets.slice(1).map((at, i) => at - (offsets[i] ?? 0));
        const step = intervalMs / (count - 1);
        return (
          offsets.length === count &&
          offsets[0] === 0 &&
          offsets.at(-1) === intervalMs &&
          gaps.every((gap) => gap > 0.45 * step && gap < 1.55 * step)
        );
      }),
    );
  });
});
