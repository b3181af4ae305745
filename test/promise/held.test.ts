/** Admission of many pods, as ADDs meet it one after the other: the order in which they come does not show. */
import { describe, expect, test } from "bun:test";
import { FairwayError } from "../../src/errors.ts";
import type { Attachment, DirectionPromise, NetworkBase, PodPromise } from "../../src/plan/node.ts";
import { settlementOf } from "../../src/promise/ask.ts";
import { admitted, heldBy, holderName } from "../../src/promise/held.ts";
import { boundedMembers } from "../../src/promise/latency.ts";
import { inForce } from "../../src/promise/scale.ts";
import { errorOf } from "../config/support.ts";
import { Random } from "../node/model/random.ts";
import { bestEffort, networkWith, podWith, promiseWith, trees } from "../plan/samples.ts";

/** 950M to give. */
const baseWith = (mtuBytes: number): NetworkBase =>
  networkWith({ mtuBytes, trees: { ...trees, egressReserveBits: 50e6 } });

const notSet = () => ({ egressBits: null, ingressBits: null });

/** Of the first that is refused, in this order; null: all are admitted. */
function refusalOf(pods: readonly Attachment[]): string | null {
  try {
    for (const [at, pod] of pods.entries())
      admitted(
        baseWith(pod.mtuBytes),
        heldBy(pods.slice(0, at)),
        { holder: holderName(pod), promise: pod.promise },
        notSet,
      );
    return null;
  } catch (error) {
    if (error instanceof FairwayError && error.kind === "promiseRefused") return error.message;
    throw error;
  }
}

function egressOf(random: Random, hasTarget: boolean): DirectionPromise {
  const guaranteeBits = random.whole(1, 320) * 1e6;
  if (!hasTarget && random.isOneIn(2)) return bestEffort;
  const burstBytes = random.isOneIn(6) ? random.whole(5_000, 40_000) : null;
  return { guaranteeBits, limitBits: hasTarget ? guaranteeBits : null, burstBytes };
}

function promiseOf(random: Random): PodPromise {
  const hasTarget = !random.isOneIn(3);
  return promiseWith({
    egress: egressOf(random, hasTarget),
    latencyTargetUs: hasTarget ? random.whole(1_300, 9_000) : null,
  });
}

const setOf = (random: Random): Attachment[] =>
  Array.from({ length: random.whole(2, 7) }, (_, n) =>
    podWith(0x10 + n, { promise: promiseOf(random), mtuBytes: random.isOneIn(8) ? 9000 : 1500 }),
  );

const burstsOf = (pods: readonly Attachment[]): Map<string, number | null> =>
  new Map(
    inForce(pods, baseWith(1500).trees).map((p) => [p.containerId, p.promise.egress.burstBytes]),
  );

test("1,000 random sets in two orders each: the same verdict for the set, and the same bursts; and what is left when one goes is admitted, too", () => {
  const random = new Random(33);
  const counts = { admitted: 0, forTargets: 0, forRates: 0 };
  for (let round = 0; round < 1000; round++) {
    const set = setOf(random);
    const other = random.shuffled(set);
    const refusal = refusalOf(set);
    expect(refusalOf(other) === null).toBe(refusal === null);
    expect(burstsOf(other)).toEqual(burstsOf(set));
    if (refusal !== null) {
      counts[refusal.includes("latency target") ? "forTargets" : "forRates"]++;
      continue;
    }
    counts.admitted++;
    const { trees: settings } = baseWith(1500);
    const members = inForce(set, settings).map((p) => ({ ...p, holder: p.containerId }));
    for (const { boundUs, latencyClass } of boundedMembers({ trees: settings }, members))
      expect(boundUs).toBeLessThanOrEqual(latencyClass.targetUs);
    // Who goes leaves no set that would not have been admitted.
    expect(refusalOf(set.toSpliced(random.whole(0, set.length - 1), 1))).toBeNull();
  }
  expect(counts).toEqual({ admitted: 638, forTargets: 271, forRates: 91 });
});

test("three pods of 300M at 6 ms on a wire of 1 Gbit/s, of which 950M are to be given", () => {
  const egress = { guaranteeBits: 300e6, limitBits: 300e6, burstBytes: null };
  const promise = promiseWith({ egress, latencyTargetUs: 6_000 });
  const three = [0x10, 0x11, 0x12].map((minor) => podWith(minor, { promise }));
  expect(refusalOf(three)).toBeNull();
  expect([...burstsOf(three.slice(0, 1)).values()]).toEqual([187_500]);
  expect([...burstsOf(three.slice(0, 2)).values()]).toEqual([150_000, 150_000]);
  expect([...burstsOf(three).values()]).toEqual([46_875, 46_875, 46_875]);
});

describe("whoever is refused is told of the tier that gave the guarantee", () => {
  const tiers = { gold: { egress: { guaranteeBits: 960e6 }, ingress: {} } };
  const refusalOfAsk = (annotations: Record<string, string>): string => {
    const asked = settlementOf({
      annotations: { "fairway.dev/tier": "gold", ...annotations },
      bandwidth: null,
      tiers,
      defaultTier: null,
      rules: null,
    });
    const admit = () =>
      admitted(baseWith(1500), heldBy([]), { ...asked, holder: "shop/cart" }, notSet);
    return errorOf(admit).message.split(",")[0] ?? "";
  };

  test("and of nothing else", () => {
    expect(refusalOfAsk({})).toEndWith("asks for an egress guarantee of 960M (tier gold)");
  });

  test("and of none where the pod's own annotation gave it, though the number is the tier's", () => {
    const own = { "fairway.dev/egress-guarantee": "960M" };
    expect(refusalOfAsk(own)).toEndWith("asks for an egress guarantee of 960M");
  });

  test("and of none where the pod's own limit lowered it", () => {
    const limit = { "kubernetes.io/egress-bandwidth": "955M" };
    expect(refusalOfAsk(limit)).toEndWith("asks for an egress guarantee of 955M");
  });
});
