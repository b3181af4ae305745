import { describe, expect, test } from "bun:test";
import type { PhaseRun } from "../../../src/prove/engine/result.ts";
import type { Check, Scenario } from "../../../src/prove/engine/scenario.ts";
import {
  busyLimits,
  checkResults,
  limitsOf,
  runVerdict,
  scenarioVerdict,
} from "../../../src/prove/judge/judge.ts";
import { checkOf, latencyOf, loadOf, phaseOf } from "../fixture.ts";

const guarantee: Check = {
  what: "a, of its guarantee",
  figure: { kind: "rate", phase: "flood", loads: ["a"], ofBits: 100e6 },
  is: "at least",
  wanted: 0.98,
};

function scenario(over: Partial<Scenario>): Scenario {
  return {
    name: "s",
    shows: "something",
    wireBits: 200e6,
    pods: [],
    phases: [
      {
        name: "flood",
        loads: {
          a: { kind: "tcp", pod: "a", direction: "egress", flows: 4 },
          back: { kind: "tcp", pod: "a", direction: "ingress", flows: 1 },
        },
        seconds: 1,
        fills: ["egress"],
      },
    ],
    checks: [guarantee],
    beside: false,
    ...over,
  };
}

const around = { boundUs: { quick: 1000 }, refused: {} };
const flood = (...rates: number[]) =>
  rates.map((rate) => ({ flood: phaseOf({ loads: { a: loadOf(rate), back: loadOf(5e6) } }) }));

describe("a check", () => {
  test.each([
    ["met", [99e6], 0.99, true],
    ["not met", [97e6], 0.97, false],
    ["by the median", [50e6, 99e6, 120e6], 0.99, true],
  ] as const)("%s", (_title, rates, measured, met) => {
    const [check] = checkResults(scenario({}), { fairway: flood(...rates) }, around);
    expect(check).toMatchObject({ measured, met, beside: null });
  });

  test("looks that were taken again are told, and their median is judged", () => {
    const looks = { fairway: flood(68.7e6, 99e6, 120e6) };
    expect(checkResults(scenario({}), looks, around, true)[0]).toMatchObject({
      met: true,
      text: "99.0% (looks: 68.7%, 99.0%, 120.0%)",
    });
    expect(checkResults(scenario({}), looks, around)[0]?.text).toBe("99.0%");
    const kept = { fairway: flood(68.7e6, 99e6, 90e6) };
    expect(checkResults(scenario({}), kept, around, true)[0]?.met).toBe(false);
  });

  test.each([
    ["a little less", 97.5e6, "-2.5%", true],
    ["a little more", 102.5e6, "+2.5%", true],
    ["too little", 96e6, "-4.0%", false],
    ["too much", 104e6, "+4.0%", false],
  ] as const)("off a rate either way: %s", (_title, rate, text, met) => {
    const figure = { kind: "deviation", phase: "flood", load: "a", ofBits: 100e6 } as const;
    const checks: Check[] = [{ what: "off", figure, is: "at most", wanted: 0.03 }];
    const [check] = checkResults(scenario({ checks }), { fairway: flood(rate) }, around);
    expect(check).toMatchObject({ text, met, wanted: "at most 3.0%" });
  });

  test("without QoS stands beside it, and is not judged", () => {
    const measured = { fairway: flood(99e6), noQos: flood(40e6) };
    expect(checkResults(scenario({}), measured, around)[0]).toMatchObject({
      text: "99.0%",
      beside: "40.0%",
      met: true,
    });
  });

  test("what cannot be computed is not met", () => {
    const figure = { kind: "slowdown", pod: "quick", idle: "idle", loaded: "flood" } as const;
    const run = { idle: phaseOf({}), flood: phaseOf({}) };
    const checks: Check[] = [{ what: "p50", figure, is: "at most", wanted: 2 }];
    expect(checkResults(scenario({ checks }), { fairway: [run] }, around)[0]).toMatchObject({
      measured: null,
      met: false,
      text: "beyond measure",
    });
  });

  test("the bound is judged pair by pair", () => {
    const figure = { kind: "withinBound", pod: "quick", idle: "idle", loaded: "flood" } as const;
    const checks: Check[] = [{ what: "bound", figure, is: "at least", wanted: 0.9 }];
    const pairs = (...grown: number[]) =>
      grown.map((us) => ({
        idle: phaseOf({ latency: { quick: latencyOf(100, 500) } }),
        flood: phaseOf({ latency: { quick: latencyOf(100, 500 + us) } }),
      }));
    const nine = [...Array<number>(9).fill(900), 5_000];
    const met = (grown: number[]) =>
      checkResults(scenario({ checks }), { fairway: pairs(...grown) }, around)[0];
    expect(met(nine)).toMatchObject({ measured: 0.9, met: true });
    expect(met([...nine.slice(1), 5_000])).toMatchObject({ measured: 0.8, met: false });
  });

  test.each([
    ["refused with the words", "asks for 200M, and 3M is free", true],
    ["refused with other words", "no such key", false],
    ["admitted", null, false],
  ] as const)("a refusal: %s", (_title, said, met) => {
    const given = scenario({
      refusals: [{ name: "r", asks: {}, says: "asks for \\d+M, and \\S+ is free" }],
      checks: [{ what: "r", figure: { kind: "refused", refusal: "r" }, is: "at least", wanted: 1 }],
    });
    const [check] = checkResults(given, { fairway: [{}] }, { boundUs: {}, refused: { r: said } });
    expect(check).toMatchObject({ met, text: said ?? "admitted" });
  });
});

describe("what limits a repetition", () => {
  const limits = (over: Partial<PhaseRun>, changed: Partial<Scenario> = {}) =>
    limitsOf(scenario(changed), { flood: phaseOf(over) }, "fairway", 100e6);
  const loads = { a: loadOf(96e6), back: loadOf(1) };
  const rows: [string, Partial<PhaseRun>, RegExp | null][] = [
    ["nothing", { loads }, null],
    [
      "a direction that is not full, whatever goes the other way",
      { loads: { a: loadOf(94e6), back: loadOf(50e6) } },
      /filled 94\.0% of the egress capacity/,
    ],
    [
      "a sender that did not send",
      { loads: { ...loads, a: { ...loadOf(96e6), offeredShare: 0.9 } } },
      /a sent 90\.0% of what it was asked to/,
    ],
    [
      "a prober that did not ask",
      { loads, latency: { quick: { ...latencyOf(1, 1), sent: 890 } } },
      /prober of quick sent 890 of 1000/,
    ],
  ];
  test.each(rows)("%s", (_title, over, wanted) => {
    const found = limits(over);
    expect(found).toHaveLength(wanted === null ? 0 : 1);
    if (wanted !== null) expect(found[0]).toMatch(wanted);
  });

  test.each([
    ["less than a flood needs", 0.73, 1],
    ["less than was asked, and a flood all the same", 0.74, 0],
  ] as const)("of a flood: %s", (_title, offeredShare, count) => {
    const flooding = { kind: "udp", pod: "a", direction: "egress", rateBits: 150e6 } as const;
    const [phase] = scenario({}).phases;
    const a = { ...flooding, enoughBits: 110e6 };
    const phases = phase === undefined ? [] : [{ ...phase, loads: { ...phase.loads, a } }];
    const sent = { a: { ...loadOf(96e6), offeredShare }, back: loadOf(1) };
    expect(limits({ loads: sent }, { phases })).toHaveLength(count);
  });

  test("a phase may ask for less", () => {
    const [phase] = scenario({}).phases;
    const phases = phase === undefined ? [] : [{ ...phase, fillShare: 0.8 }];
    expect(limits({ loads: { a: loadOf(85e6) } }, { phases })).toEqual([]);
  });

  test("processors that are all in use", () => {
    expect(busyLimits(scenario({}), [{ flood: phaseOf({ busyShare: 0.94 }) }])).toEqual([]);
    expect(busyLimits(scenario({}), [{ flood: phaseOf({ busyShare: 0.96 }) }])).toHaveLength(1);
  });
});

describe("the verdict", () => {
  const met = checkOf({});
  const missed = checkOf({ met: false });
  const shown = checkOf({ met: false, onlyShown: "not promised" });
  test.each([
    ["all met", [met, met], [], [], "passed"],
    ["all met, although the processors were busy", [met], [], ["busy"], "passed"],
    ["what is only shown does not count", [met, shown], [], [], "passed"],
    ["one missed", [met, missed], [], [], "failed"],
    ["one missed on a busy machine", [met, missed], [], ["busy"], "inconclusive"],
    ["loads that were not there", [met], ["half full"], [], "inconclusive"],
  ] as const)("%s", (_title, checks, limits, busy, wanted) =>
    expect(scenarioVerdict(checks, limits, busy)).toBe(wanted),
  );

  test.each([
    [["passed", "passed"], "passed"],
    [["passed", "inconclusive"], "inconclusive"],
    [["inconclusive", "failed"], "failed"],
  ] as const)("of %j", (verdicts, wanted) => expect(runVerdict(verdicts)).toBe(wanted));
});
