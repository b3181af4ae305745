/** What a pod is told that cannot be admitted: numbers that it can ask for. */
import { expect, test } from "bun:test";
import { FairwayError } from "../../src/errors.ts";
import type { PodPromise, TreeSettings } from "../../src/plan/node.ts";
import { asksOf, egressPath, type Member } from "../../src/promise/latency.ts";
import { fittingBeside, withinTargets } from "../../src/promise/targets.ts";
import { Random } from "../node/model/random.ts";
import { promiseWith, trees } from "../plan/samples.ts";

const base: { trees: TreeSettings } = { trees: { ...trees, hostGsoMaxBytes: 9_000 } };

function withTarget(
  guaranteeBits: number,
  latencyTargetUs: number,
  burstBytes: number | null = null,
): PodPromise {
  const egress = { guaranteeBits, limitBits: guaranteeBits, burstBytes };
  return promiseWith({ egress, latencyTargetUs });
}

const member = (holder: string, promise: PodPromise, mtuBytes = 1500): Member => ({
  holder,
  promise,
  mtuBytes,
});

function refusalOf(asked: Member, held: readonly Member[]): string | null {
  try {
    withinTargets(base, asked, () => held);
    return null;
  } catch (error) {
    if (error instanceof FairwayError && error.kind === "promiseRefused")
      return `${error.message} | ${error.details}`;
    throw error;
  }
}

function some(random: Random, holder: string): Member {
  const burst = random.isOneIn(4) ? random.whole(5_000, 60_000) : null;
  return member(
    holder,
    withTarget(random.whole(1_000, 400_000_000), random.whole(300, 6_000), burst),
    random.pick([1500, 1500, 9000]),
  );
}

test("the largest guarantee and the smallest target that a refusal names are admitted; a bit or a microsecond beyond is not", () => {
  const random = new Random(31);
  const counts = { refused: 0, fitting: 0, none: 0 };
  for (let round = 0; round < 4000; round++) {
    const held: Member[] = [];
    for (let n = random.whole(1, 5); n > 0; n--) {
      const pod = some(random, `held-${n}`);
      if (refusalOf(pod, held) === null) held.push(pod);
    }
    const asked = some(random, "asked");
    const told = refusalOf(asked, held);
    if (told === null || !told.includes("promised already")) continue;
    counts.refused++;
    const mtuBytes = Math.max(...[asked, ...held].map((m) => m.mtuBytes));
    const fitting = fittingBeside(base, egressPath(base, mtuBytes), asked, asksOf(base, held));
    if (fitting === null) {
      counts.none++;
      expect(told).toContain("No guarantee with a latency target fits beside them now");
      continue;
    }
    counts.fitting++;
    const { burstBytes } = asked.promise.egress;
    const verdict = (guaranteeBits: number, targetUs: number) =>
      refusalOf({ ...asked, promise: withTarget(guaranteeBits, targetUs, burstBytes) }, held);
    const { guaranteeBits, targetUs } = fitting;
    expect(verdict(guaranteeBits, targetUs)).toBeNull();
    expect(verdict(guaranteeBits + 1, targetUs)).toContain("promised already");
    expect(verdict(guaranteeBits, targetUs - 1)).toContain("the smallest that it could have");
  }
  expect(counts).toEqual({ refused: 1850, fitting: 818, none: 1032 });
});

test("the smallest target that a refusal names is admitted, and one microsecond less is not", () => {
  const random = new Random(32);
  let named = 0;
  for (let round = 0; round < 2000; round++) {
    const held: Member[] = [];
    for (let n = random.whole(0, 5); n > 0; n--) {
      const pod = some(random, `held-${n}`);
      if (refusalOf(pod, held) === null) held.push(pod);
    }
    const asked = some(random, "asked");
    const smallest = /smallest that it could have here is (\d+)us:/.exec(
      refusalOf(asked, held) ?? "",
    )?.[1];
    if (smallest === undefined) continue;
    named++;
    const at = (latencyTargetUs: number) =>
      refusalOf({ ...asked, promise: { ...asked.promise, latencyTargetUs } }, held);
    expect(at(Number(smallest))).toBeNull();
    expect(at(Number(smallest) - 1)).not.toBeNull();
  }
  expect(named).toBeGreaterThan(100);
});

test("a pod without a target is refused for its MTU alone, and told the largest that breaks nobody's target", () => {
  const tight = member("shop/cart", withTarget(100e6, 400));
  expect(refusalOf(tight, [])).toBeNull();
  const plain = (mtuBytes: number) => member("shop/plain", promiseWith(), mtuBytes);
  expect(refusalOf(plain(1500), [tight])).toBeNull();
  const told = refusalOf(plain(9000), [tight]) ?? "";
  expect(told).toMatch(/shop\/plain .* MTU of 9000 bytes .* shop\/cart would wait up to/);
  const most = Number(/Up to an MTU of (\d+) bytes/.exec(told)?.[1]);
  expect(refusalOf(plain(most), [tight])).toBeNull();
  expect(refusalOf(plain(most + 1), [tight])).not.toBeNull();
});

test("whom a lowered capacity has made late already, a pod that changes nothing of it is not refused for", () => {
  const late = member("shop/cart", withTarget(100e6, 10));
  expect(refusalOf(member("shop/plain", promiseWith()), [late])).toBeNull();
  expect(refusalOf(member("shop/fast", withTarget(1e6, 5_000)), [late])).toContain(
    "No guarantee with a latency target fits beside them now",
  );
});
