/** What is refused wherever a pod may run is what every node refuses. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { judgeAnnotations } from "../../src/admission/verdict.ts";
import { annotationKeys, priorities, priorityKey } from "../../src/config/annotations.ts";
import { Problems } from "../../src/config/problems.ts";
import type { Tier } from "../../src/config/types.ts";
import { type Asks, promiseOf } from "../../src/promise/ask.ts";
import { annotationSets } from "../support/annotation-sets.ts";

function wordsOf(annotations: Record<string, string>): string {
  const problems = new Problems();
  try {
    judgeAnnotations(annotations, problems);
    problems.throwIfAny();
    return "";
  } catch (error) {
    return String(error);
  }
}

const rates = [undefined, 1_000, 8_000, 1_000_000, 200_000_000, 1e15];
/** Each guarantee with each limit that it can have. */
const halves: Tier["egress"][] = rates.flatMap((guaranteeBits) =>
  rates
    .filter((limitBits) => (limitBits ?? Number.POSITIVE_INFINITY) >= (guaranteeBits ?? 0))
    .map((limitBits) => ({
      ...(guaranteeBits === undefined ? {} : { guaranteeBits }),
      ...(limitBits === undefined ? {} : { limitBits }),
    })),
);
const tiers: Tier[] = halves.flatMap((egress) => halves.map((ingress) => ({ egress, ingress })));

const picked = (annotations: Record<string, string>): string[] => [
  annotations[annotationKeys.tier] ?? "",
  ...priorities,
];

/** Some of the configurations that a node may have: the tier that the pod names, and that of all others, is this one. */
function asksOn(annotations: Record<string, string>, tier: Tier): Asks {
  const names = [...picked(annotations), "usual"].filter((name) => name !== "");
  return {
    annotations,
    bandwidth: null,
    tiers: Object.fromEntries(names.map((name) => [name, tier])),
    defaultTier: "usual",
    rules: null,
  };
}

function isTaken(asks: Asks): boolean {
  try {
    promiseOf(asks);
    return true;
  } catch {
    return false;
  }
}

const addressKeys: readonly string[] = [annotationKeys.ip, annotationKeys.ipPool];
const withoutAddresses = (annotations: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !addressKeys.includes(key)));

/** Where a pod has no limit, whether any limit could hold its burst is left to the node to say. */
const hasTimeBurst = (annotations: Record<string, string>): boolean =>
  Object.values(annotationKeys.burst).some((key) => annotations[key]?.endsWith("s"));

test("what no node takes is refused, and nothing else but a target that stands alone", () => {
  fc.assert(
    fc.property(annotationSets, (all) => {
      const annotations = withoutAddresses(all);
      const words = wordsOf(annotations);
      const some = tiers.some((tier) => isTaken(asksOn(annotations, tier)));
      const isAlone =
        words.includes("a latency target needs an egress guarantee") &&
        annotations[annotationKeys.guarantee.egress] === undefined;
      const isBadTier = words.includes("cannot name a tier");
      if (words === "") expect(some || hasTimeBurst(annotations)).toBe(true);
      else if (!isAlone && !isBadTier) expect({ words, some }).toEqual({ words, some: false });
    }),
    { numRuns: 3_000 },
  );
});

describe("by themselves", () => {
  const { guarantee, limit, burst, latencyTarget, tier, ip, ipPool } = annotationKeys;
  test.each<[string, Record<string, string>, string]>([
    ["nothing", {}, ""],
    ["a guarantee below the limit", { [guarantee.egress]: "1M", [limit.egress]: "2M" }, ""],
    [
      "the limit under fairway.dev/ counts",
      { [guarantee.egress]: "2M", [limit.egress]: "3M", "kubernetes.io/egress-bandwidth": "1M" },
      "",
    ],
    [
      "... also where it is the lower",
      { [guarantee.egress]: "2M", [limit.egress]: "1M", "kubernetes.io/egress-bandwidth": "3M" },
      "above the limit",
    ],
    ["a target alone", { [latencyTarget]: "1ms" }, "needs an egress guarantee"],
    ["a target and a tier", { [latencyTarget]: "1ms", [tier]: "high" }, ""],
    ["a target and a priority", { [latencyTarget]: "1ms", [priorityKey]: "guaranteed" }, ""],
    [
      "a target and a priority that is none",
      { [latencyTarget]: "1ms", [priorityKey]: "x" },
      "needs an egress guarantee",
    ],
    [
      "a target, a tier and a guarantee of nothing",
      { [latencyTarget]: "1ms", [tier]: "high", [guarantee.egress]: "0" },
      "needs an egress guarantee",
    ],
    [
      "a burst that a tier's limit could hold",
      { [guarantee.egress]: "1k", [burst.egress]: "300k" },
      "",
    ],
    [
      "a burst that no tier could hold",
      { [limit.egress]: "1k", [burst.egress]: "300k" },
      "more than the kernel can hold",
    ],
    [
      "a burst with a target",
      { [guarantee.egress]: "1k", [latencyTarget]: "1ms", [burst.egress]: "300k" },
      "more than the kernel can hold",
    ],
    ["a tier that none can be", { [tier]: "-high" }, "cannot name a tier"],
    ["a pool that none can be", { [ipPool]: "DB" }, "cannot name a pool"],
    ["an address that is none", { [ip]: "10.1.2" }, "is not an IP address"],
    ["two of a family", { [ip]: "10.1.2.3, 10.1.2.4" }, "more than one IPv4"],
  ])("%s", (_, annotations, words) => {
    if (words === "") expect(wordsOf(annotations)).toBe("");
    else expect(wordsOf(annotations)).toContain(words);
  });
});
