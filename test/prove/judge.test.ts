import { describe, expect, test } from "bun:test";
import { judge, machineLimits, verdictOf } from "../../src/prove/judge.ts";
import type { ProveResult } from "../../src/prove/result.ts";
import { passedResult } from "./fixture.ts";

type Alteration = (result: ProveResult) => void;

function altered(alter: Alteration): ProveResult {
  const result = passedResult();
  alter(result);
  return result;
}

test("a good run meets all six", () => {
  const judgements = judge(passedResult());
  expect(judgements.map(({ criterion, direction, met }) => [criterion, direction, met])).toEqual([
    ["guarantee", "egress", true],
    ["guarantee", "ingress", true],
    ["latencyWithFairway", "egress", true],
    ["latencyWithoutQos", "egress", true],
    ["utilisation", "egress", true],
    ["utilisation", "ingress", true],
  ]);
  expect(machineLimits(passedResult())).toEqual([]);
});

describe("what is not met", () => {
  const guaranteeBits = passedResult().settings.guaranteeBits;
  const rows: [string, Alteration, string[]][] = [
    [
      "the guarantee by a little, on egress",
      (r) => {
        r.modes.fairway.egress.throughput.steadyBits = guaranteeBits * 0.979;
      },
      ["guarantee egress"],
    ],
    [
      "the guarantee, on ingress, and with it the utilisation",
      (r) => {
        r.modes.fairway.ingress.throughput.steadyBits = guaranteeBits / 2;
      },
      ["guarantee ingress", "utilisation ingress"],
    ],
    [
      "latency under load, more than three times idle",
      (r) => {
        r.modes.fairway.egress.loaded.p50Us = 104 * 3.01;
      },
      ["latencyWithFairway egress"],
    ],
    [
      "latency under load, more than half lost",
      (r) => {
        r.modes.fairway.egress.loaded.p50Us = null;
      },
      ["latencyWithFairway egress"],
    ],
    [
      "no QoS that does no harm",
      (r) => {
        r.modes.noQos.egress.loaded.p50Us = 900;
      },
      ["latencyWithoutQos egress"],
    ],
    [
      "the wire left idle",
      (r) => {
        r.modes.fairway.egress.throughput.noisyBits = 100e6;
      },
      ["utilisation egress"],
    ],
  ];
  test.each(rows)("%s", (_title, alter, wanted) => {
    const judgements = judge(altered(alter));
    const missed = judgements.filter(({ met }) => !met);
    expect(missed.map(({ criterion, direction }) => `${criterion} ${direction}`)).toEqual(wanted);
    expect(verdictOf(judgements, [])).toBe("failed");
  });

  test("without QoS, more than half lost is worse than ten times", () => {
    const result = altered((r) => {
      r.modes.noQos.egress.loaded.p50Us = null;
    });
    expect(judge(result).every(({ met }) => met)).toBe(true);
  });

  test("latency on ingress is not judged", () => {
    const result = altered((r) => {
      r.modes.fairway.ingress.loaded.p50Us = 1e6;
    });
    expect(judge(result).every(({ met }) => met)).toBe(true);
  });
});

describe("what the machine limits is inconclusive, never passed", () => {
  const rows: [string, Alteration, RegExp][] = [
    [
      "the generator alone does not fill the wire",
      (r) => {
        r.modes.noQos.ingress.loaded.noisyBits = 470e6;
      },
      /filled 94\.0% of the wire on ingress/,
    ],
    [
      "the prober cannot keep its pace",
      (r) => {
        r.modes.fairway.egress.loaded.sent = 1349;
      },
      /sent 1349 of 1500 requests in time \(egress, fairway\)/,
    ],
    [
      "the machine is busy while the pods are idle",
      (r) => {
        r.modes.noQos.idle.busyShare = 0.51;
      },
      /51\.0% of the processors were in use while the pods were idle \(noQos\)/,
    ],
    [
      "no processor is left under load",
      (r) => {
        r.modes.fairway.ingress.throughput.busyShare = 0.97;
      },
      /97\.0% of the processors were in use under load \(ingress, fairway\)/,
    ],
    [
      "nothing comes back on the idle wire",
      (r) => {
        r.modes.fairway.idle.p50Us = null;
      },
      /idle wire were never answered \(fairway\)/,
    ],
  ];
  test.each(rows)("%s", (_title, alter, wanted) => {
    const result = altered(alter);
    const limits = machineLimits(result);
    expect(limits).toHaveLength(1);
    expect(limits[0]).toMatch(wanted);
    expect(verdictOf(judge(passedResult()), limits)).toBe("inconclusive");
  });
});

test("all met and nothing limited: passed", () => {
  expect(verdictOf(judge(passedResult()), [])).toBe("passed");
});
