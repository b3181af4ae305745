/** Whose a root qdisc is, by its looks. */
import { describe, expect, test } from "bun:test";
import { clearing, type RootLook, whyForeign } from "../../src/plan/root.ts";
import type { QdiscSpec } from "../../src/plan/state.ts";

type FqCodel = Extract<QdiscSpec, { type: "fq_codel" }>;

/** As it is read of what `tc qdisc add dev eth0 root fq_codel` makes. */
const plain: FqCodel = {
  type: "fq_codel",
  targetUs: 5_000,
  intervalUs: 100_000,
  limitPackets: 10_240,
  memoryLimitBytes: 33_554_432,
  flows: 1024,
  quantumBytes: 1514,
  dropBatchPackets: 64,
  ecn: true,
  ceThresholdUs: null,
};

const root = (over: Partial<RootLook>): RootLook => ({
  kind: "pfifo_fast",
  handle: "0:",
  fqCodel: null,
  isFiltered: false,
  mtuBytes: 1500,
  below: [],
  ...over,
});

const child = (kind: string, handle: string, parent: string) => ({ kind, handle, parent });
const codel = (over: Partial<FqCodel> = {}, handle = "8001:") =>
  root({ kind: "fq_codel", handle, fqCodel: { ...plain, ...over } });

describe("the kernel's, or what can be put back exactly", () => {
  test.each<[string, RootLook]>([
    ["nothing that queues", root({ kind: "noqueue" })],
    ["a pfifo_fast of the kernel's", root({})],
    ["a pfifo_fast of somebody's", root({ handle: "8001:" })],
    ["a noqueue of somebody's", root({ kind: "noqueue", handle: "8001:" })],
    ["any other kind that the kernel chose", root({ kind: "cake" })],
    ["fq of the kernel's", root({ kind: "fq" })],
    ["fq_codel of the kernel's, whatever its settings", codel({ limitPackets: 1_000 }, "0:")],
    ["fq_codel of somebody's, without a setting", codel()],
    ["fq_codel made for another MTU of then", codel({ quantumBytes: 1_500 })],
    [
      "mq over the kernel's own",
      root({ kind: "mq", below: [child("fq", "0:", "0:1"), child("pfifo_fast", "0:", "0:2")] }),
    ],
    [
      "mq of somebody's over the kernel's own",
      root({ kind: "mq", handle: "1:", below: [child("fq_codel", "0:", "1:1")] }),
    ],
  ])("%s", (_, look) => expect(whyForeign(look)).toBeNull());
});

describe("another's", () => {
  test.each<[string, RootLook, string]>([
    ["a kind with settings", root({ kind: "htb", handle: "1:" }), ""],
    ["a kind that may be the kernel's, too", root({ kind: "cake", handle: "8001:" }), ""],
    ["the kernel's with filters", root({ kind: "fq_codel", isFiltered: true }), "filters"],
    ["fq of somebody's", root({ kind: "fq", handle: "8001:" }), "could not be put back"],
    ["a number of flows", codel({ flows: 64 }), "flows is 64, by default 1024"],
    ["a limit", codel({ limitPackets: 999 }), "limit is 999 packets, by default 10240 packets"],
    ["a target", codel({ targetUs: 999 }), "target is 999 us"],
    ["a quantum", codel({ quantumBytes: 300 }), "quantum is 300 bytes, by default 1514 bytes"],
    ["no ECN", codel({ ecn: false }), "ecn is false"],
    ["a threshold", codel({ ceThresholdUs: 500 }), "ce_threshold is 500"],
    [
      "a queue below mq",
      root({
        kind: "mq",
        handle: "1:",
        below: [child("pfifo_fast", "0:", "1:1"), child("fq", "8001:", "1:2")],
      }),
      "with fq 8001: at 1:2 below it",
    ],
    [
      "many queues below mq",
      root({
        kind: "mq",
        handle: "1:",
        below: [1, 2, 3, 4, 5].map((n) => child("htb", `${n}0:`, `1:${n}`)),
      }),
      "with htb 10: at 1:1, htb 20: at 1:2, htb 30: at 1:3, and 2 more below it",
    ],
  ])("%s", (_, look, says) => {
    const why = whyForeign(look);
    if (says === "") expect(why).toBe("");
    else expect(why).toContain(says);
  });
});

test.each([
  ["htb 7:", "tc qdisc del dev eth0 root"],
  ["fq_codel 0: (with somebody's filters)", "tc filter del dev eth0"],
])("what clears the place of %s", (name, command) => expect(clearing("eth0", name)).toBe(command));
