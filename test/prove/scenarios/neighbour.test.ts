import { describe, expect, test } from "bun:test";
import { CommanderError } from "commander";
import { proveCommand } from "../../../src/prove/command.ts";
import type { LatencyRun, Repetition } from "../../../src/prove/engine/result.ts";
import { capacity } from "../../../src/prove/scenarios/common.ts";
import { neighbour, parseSeconds, parseWire } from "../../../src/prove/scenarios/neighbour.ts";
import { type MainJob, passedJob, resultOf } from "../fixture.ts";

test("the promise is 40% of a capacity of 97% of the wire", () => {
  const { wireBits, pods } = neighbour(500e6, 4);
  expect(capacity(wireBits)).toBe(485_000_000);
  expect(pods[0]?.asks).toMatchObject({ "egress-guarantee": "194M", "ingress-guarantee": "194M" });
});

type Alteration = (job: MainJob) => void;

function altered(alter: Alteration) {
  const job = passedJob();
  alter(job);
  const [found] = resultOf(job).scenarios;
  if (found === undefined) throw new Error("the fixture is empty");
  return found;
}

const latencyIn = (run: Repetition, phase: string): LatencyRun => {
  const found = run[phase]?.latency.steady;
  if (found === undefined) throw new Error(`no latency in ${phase}`);
  return found;
};

const setRate = (run: Repetition, phase: string, load: string, rateBits: number): void => {
  const found = run[phase]?.loads[load];
  if (found === undefined) throw new Error(`no ${load} in ${phase}`);
  found.rateBits = rateBits;
};

test("a good run meets all six", () => {
  const { checks, limits, verdict } = altered(() => {});
  expect(checks.map(({ what, met }) => [what, met])).toEqual([
    ["egress: the steady pod's rate, of its guarantee", true],
    ["ingress: the steady pod's rate, of its guarantee", true],
    ["egress: the steady pod's p50 beside the noisy pod, to idle", true],
    ["egress, without QoS: the same", true],
    ["egress: both pods together, of the capacity", true],
    ["ingress: both pods together, of the capacity", true],
  ]);
  expect({ limits, verdict }).toEqual({ limits: [], verdict: "passed" });
});

describe("what is not met", () => {
  const rows: [string, Alteration, number[]][] = [
    [
      "the guarantee by a little, on egress",
      ({ fairway }) => setRate(fairway, "egress", "steady", 194e6 * 0.979),
      [0],
    ],
    [
      "the guarantee, on ingress, and with it the utilisation",
      ({ fairway }) => setRate(fairway, "ingress", "steady", 97e6),
      [1, 5],
    ],
    [
      "latency under load, more than three times idle",
      ({ fairway }) => {
        latencyIn(fairway, "egress, requests").p50Us = 104 * 3.01;
      },
      [2],
    ],
    [
      "latency under load, more than half lost",
      ({ fairway }) => {
        latencyIn(fairway, "egress, requests").p50Us = null;
      },
      [2],
    ],
    [
      "no QoS that does no harm",
      ({ noQos }) => {
        latencyIn(noQos, "egress, requests").p50Us = 900;
      },
      [3],
    ],
    ["the wire left idle", ({ fairway }) => setRate(fairway, "egress", "noisy", 100e6), [4]],
  ];
  test.each(rows)("%s", (_title, alter, wanted) => {
    const { checks, verdict } = altered(alter);
    expect(checks.flatMap(({ met }, at) => (met ? [] : at))).toEqual(wanted);
    expect(verdict).toBe("failed");
  });

  test("without QoS, more than half lost is worse than ten times", () => {
    const { verdict } = altered(({ noQos }) => {
      latencyIn(noQos, "egress, requests").p50Us = null;
    });
    expect(verdict).toBe("passed");
  });

  test("latency on ingress is not judged", () => {
    const { verdict } = altered(({ fairway }) => {
      latencyIn(fairway, "ingress, requests").p50Us = 1e6;
    });
    expect(verdict).toBe("passed");
  });
});

describe("what the machine limits is inconclusive, never passed", () => {
  const rows: [string, Alteration, RegExp][] = [
    [
      "the generator alone does not fill the wire",
      ({ noQos }) => setRate(noQos, "ingress, requests", "noisy", 470e6),
      /^without QoS, ingress, requests: the loads filled 94\.0% of the wire on ingress/,
    ],
    [
      "the prober cannot keep its pace",
      ({ fairway }) => {
        latencyIn(fairway, "egress, requests").sent = 899;
      },
      /^egress, requests: the prober of steady sent 899 of 1000 requests in time/,
    ],
    [
      "nothing comes back on the idle wire",
      ({ fairway }) => {
        latencyIn(fairway, "idle").p50Us = null;
      },
      /^idle: most requests of steady were never answered/,
    ],
  ];
  test.each(rows)("%s", (_title, alter, wanted) => {
    const { limits, verdict } = altered(alter);
    expect(limits).toHaveLength(1);
    expect(limits[0]).toMatch(wanted);
    expect(verdict).toBe("inconclusive");
  });

  test.each([
    [
      "while the pods are idle",
      "idle",
      0.51,
      /51\.0% of the processors .* something else is running/,
    ],
    ["under load", "ingress", 0.97, /97\.0% of the processors were in use: a wait for one/],
  ] as const)(
    "processors in use %s, where something is not met",
    (_title, phase, share, wanted) => {
      const busy: Alteration = ({ noQos }) => {
        const found = noQos[phase];
        if (found !== undefined) found.busyShare = share;
      };
      expect(altered(busy).verdict).toBe("passed");
      const { limits, verdict } = altered((job) => {
        busy(job);
        setRate(job.fairway, "egress", "steady", 97e6);
      });
      expect(limits[0]).toMatch(wanted);
      expect(verdict).toBe("inconclusive");
    },
  );
});

describe("what is refused", () => {
  test.each([
    ["a slow wire", () => parseWire("199M"), /"199M" is less than 200M/],
    ["a wire without a number", () => parseWire("fast"), /--wire.*fast/],
    ["no time to measure", () => parseSeconds("1"), /from 2 to 60/],
    ["too much of it", () => parseSeconds("61"), /from 2 to 60/],
    ["part of a second", () => parseSeconds("2.5"), /"2\.5" is not a whole number/],
    ["a negative time", () => parseSeconds("-3"), /"-3" is not/],
  ] as const)("%s", (_title, parse, wanted) => expect(parse).toThrow(wanted));
});

test("what is accepted", () => {
  expect([parseWire("200M"), parseWire("1G"), parseSeconds("2"), parseSeconds("60")]).toEqual([
    200e6, 1e9, 2, 60,
  ]);
});

test("a wrong option is a matter of usage, told before anything is made", async () => {
  const command = proveCommand().configureOutput({ writeErr: () => {} });
  const error = await command
    .parseAsync(["--wire", "1M"], { from: "user" })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CommanderError);
});
