import { describe, expect, test } from "bun:test";
import type { Tier } from "../../src/config/types.ts";
import { type ClaimedRate, type Direction, directions } from "../../src/plan/node.ts";
import { type Asks, asksUnder, promiseOf } from "../../src/promise/ask.ts";
import { claimedRates, requireUplink } from "../../src/promise/claims.ts";
import { errorOf } from "../config/support.ts";
import { claimShare } from "../ledger/fixtures/samples.ts";

const M = 1e6;
const claim = (mbps: number, name = "net", direction: Direction = "egress"): ClaimedRate => ({
  claimUid: `u-${name}`,
  claim: `shop/${name}`,
  direction,
  rateBits: mbps * M,
});
const gold: Tier = {
  egress: { guaranteeBits: 50 * M, limitBits: 80 * M },
  ingress: { guaranteeBits: 20 * M },
};
const asks = (claims: ClaimedRate[], annotations: Record<string, string>, tier?: string): Asks => ({
  ...{ annotations, claims, bandwidth: null, rules: null },
  ...{ tiers: { gold }, defaultTier: tier ?? null },
});
const [guarantee, limit] = ["fairway.dev/egress-guarantee", "fairway.dev/egress-limit"];

describe("claims are the promise", () => {
  type Row = [string, Asks, { egress: number; ingress: number; limit?: number; notes?: string[] }];
  test.each<Row>([
    [
      "without any annotation",
      asks([claim(100)], {}),
      {
        egress: 100,
        ingress: 0,
        notes: ["the egress guarantee (100M) is what claim shop/net gives"],
      },
    ],
    [
      "two of one direction are their sum",
      asks([claim(100), claim(30, "more")], {}),
      {
        egress: 130,
        ingress: 0,
        notes: ["the egress guarantee (130M) is what claims shop/net and shop/more give"],
      },
    ],
    [
      "each direction by its own",
      asks([claim(100), claim(40, "in", "ingress")], {}),
      { egress: 100, ingress: 40 },
    ],
    [
      "beside an annotation that says the same",
      asks([claim(100)], { [guarantee]: "100000k" }),
      { egress: 100, ingress: 0 },
    ],
    [
      "beside a limit of the pod's own",
      asks([claim(100)], { [limit]: "150M" }),
      { egress: 100, ingress: 0, limit: 150 },
    ],
    [
      "before a tier, whose other direction counts",
      asks([claim(70)], {}, "gold"),
      { egress: 70, ingress: 20, limit: 80 },
    ],
    [
      "with a latency target, for which it is the guarantee and the limit",
      asks([claim(100)], { "fairway.dev/latency-target": "5ms" }),
      { egress: 100, ingress: 0, limit: 100 },
    ],
  ])("%s", (_, asked, expected) => {
    const promise = promiseOf(asked);
    const { notes, limit: limitMbps, ...guarantees } = expected;
    for (const direction of directions)
      expect(promise[direction].guaranteeBits).toBe(guarantees[direction] * M);
    if (limitMbps !== undefined) expect(promise.egress.limitBits).toBe(limitMbps * M);
    if (notes !== undefined) expect(promise.notes).toEqual(notes);
  });

  test.each<[string, Asks, string[]]>([
    [
      "an annotation that says otherwise",
      asks([claim(100)], { [guarantee]: "50M" }),
      [guarantee, "50M contradicts claim shop/net, which gives the pod 100M"],
    ],
    ["even 0", asks([claim(100)], { [guarantee]: "0" }), [guarantee, "claim shop/net"]],
    [
      "one that is not the sum",
      asks([claim(100), claim(30, "more")], { [guarantee]: "100M" }),
      ["claims shop/net and shop/more", "130M"],
    ],
    [
      "a limit of the pod's own below it",
      asks([claim(100)], { [limit]: "50M" }),
      ["claim shop/net", "100M is above the limit", limit],
    ],
    [
      "a tier's limit below it",
      asks([claim(100)], {}, "gold"),
      ["claim shop/net", "tiers.gold.egressLimit (80M)"],
    ],
  ])("refused: %s", (_, asked, says) => {
    const error = errorOf(() => promiseOf(asked));
    expect(error.kind).toBe("badConfig");
    for (const words of says) expect(error.message).toContain(words);
  });

  test("what an operator has set counts in its place, in its direction alone", () => {
    const both = [claim(100), claim(40, "in", "ingress")];
    const own = { annotations: {}, bandwidth: null, claims: both };
    const terms = { tiers: {}, defaultTier: null, policy: null };
    const under = (overrides: Record<string, string> | null) =>
      promiseOf(asksUnder(terms, { ...own, overrides }, "shop"));
    expect(under(null).egress.guaranteeBits).toBe(100 * M);
    expect(under({ [guarantee]: "10M" }).egress.guaranteeBits).toBe(10 * M);
    expect(under({ [guarantee]: "10M" }).ingress.guaranteeBits).toBe(40 * M);
  });
});

test("shares of one claim and direction are one rate", () => {
  const shares = [
    claimShare(),
    claimShare({ request: "more", rateBits: 5 * M }),
    claimShare({ request: "in", direction: "ingress", rateBits: 7 * M }),
    claimShare({ claimUid: "c2", claimName: "other" }),
  ];
  expect(claimedRates(shares)).toEqual([
    { claimUid: "c1", claim: "shop/net", direction: "egress", rateBits: 105 * M },
    { claimUid: "c1", claim: "shop/net", direction: "ingress", rateBits: 7 * M },
    { claimUid: "c2", claim: "shop/other", direction: "egress", rateBits: 100 * M },
  ]);
  expect(claimedRates([])).toEqual([]);
});

test("a claim for another uplink is refused", () => {
  requireUplink([claimShare()], "eth0");
  const error = errorOf(() => requireUplink([claimShare()], "eth1"));
  expect(error.kind).toBe("promiseRefused");
  expect(error.message).toContain("the egress of eth0, and the pods of this node share eth1");
});
