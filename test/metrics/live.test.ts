/** What a class is said to be at this moment, from the looks at it. */
import { expect, test } from "bun:test";
import { ClassFollow } from "../../src/metrics/class-follow.ts";
import { type LiveClass, liveClass } from "../../src/metrics/live.ts";
import type { Counters } from "../../src/plan/counters.ts";
import { counters } from "../measure/support.ts";
import { classOf } from "./support.ts";

const guaranteeBits = 8e6;

/** A look each 250 ms for so long, with so many bytes each second, and so much that waits. */
function followed(
  seconds: number,
  bytesPerSecond: number,
  backlogBytes: number,
  guarantee = guaranteeBits,
): LiveClass {
  const follow = new ClassFollow();
  const looks = seconds * 4;
  for (let i = 0; i <= looks; i++) {
    const seen: Partial<Counters> = {
      bytes: (bytesPerSecond * i) / 4,
      packets: i,
      backlogBytes,
      backlogPackets: Math.ceil(backlogBytes / 1_500),
    };
    follow.look({ atMs: i * 250, counters: counters(seen) }, guarantee);
  }
  const promised = classOf({ pod: "web", guaranteeBits: guarantee });
  return liveClass(promised, follow, null, seconds * 1_000);
}

test.each<[string, LiveClass, Partial<LiveClass>]>([
  ["sends its guarantee", followed(4, 1e6, 0), { verdict: "kept", rateBits: 8e6, waitingMs: null }],
  ["sends less, and wants no more", followed(4, 1e5, 0), { verdict: "idle", rateBits: 8e5 }],
  [
    "sends less, and its packets wait",
    followed(4, 5e5, 6_000),
    { verdict: "missed", rateBits: 4e6, waitingMs: 4_000, delayUs: 12_000 },
  ],
  ["borrows, and would take more", followed(4, 2e6, 6_000), { verdict: "kept", waitingMs: 4_000 }],
  ["waits since a moment", followed(1, 5e5, 6_000), { verdict: "waiting", waitingMs: 1_000 }],
  ["waits, and nothing is sent", followed(4, 0, 6_000), { verdict: "missed", delayUs: null }],
  ["best effort", followed(4, 1e6, 6_000, 0), { verdict: "bestEffort", waitingMs: 4_000 }],
])("%s", (_, live, wanted) => {
  expect(live).toMatchObject({ pod: "shop/web", ...wanted });
});

test("a class that is not there has neither rate nor wait", () => {
  const follow = new ClassFollow();
  follow.look({ atMs: 0, counters: counters({ backlogBytes: 1 }) }, guaranteeBits);
  follow.look({ atMs: 1_000, counters: null }, guaranteeBits);
  const live = liveClass(classOf({ pod: "web", guaranteeBits }), follow, null, 1_000);
  expect(live).toMatchObject({ verdict: "missing", rateBits: null, waitingMs: null });
});

test("what was missed is forgotten after five seconds", () => {
  const follow = new ClassFollow();
  for (let atMs = 0; atMs <= 3_000; atMs += 250)
    follow.look({ atMs, counters: counters({ bytes: atMs, backlogBytes: 6_000 }) }, guaranteeBits);
  follow.look({ atMs: 3_250, counters: counters({ bytes: 3_250 }) }, guaranteeBits);
  const promised = classOf({ pod: "web", guaranteeBits });
  expect(liveClass(promised, follow, null, 4_000).verdict).toBe("missed");
  expect(liveClass(promised, follow, null, 9_000).verdict).toBe("idle");
});
