import { expect, test } from "bun:test";
import { judgeClaims } from "../../../src/ops/doctor/claims.ts";
import { attachment, claimShare } from "../../ledger/fixtures/samples.ts";

const upMs = 10 * 60_000;
const recorded = (agoMs: number, part = {}) => ({
  ...claimShare(part),
  createdUpMs: upMs - agoMs,
});
const row = (podUid: string, claimUid: string) => {
  const made = attachment(1);
  const claims = [
    { claimUid, claim: "shop/net", direction: "egress" as const, rateBits: 100_000_000 },
  ];
  return { ...made, podUid, asks: { ...made.asks, claims } };
};

type Row = [title: string, Parameters<typeof judgeClaims>, findings: string[]];

test.each<Row>([
  ["no claims", [[], [attachment(1)], upMs], []],
  [
    "each with its pod",
    [[recorded(300_000)], [row("p1", "c1")], upMs],
    ["ok: 1 recorded; the interface of each one's pod is there, or is being made"],
  ],
  [
    "the pod is being made",
    [[recorded(119_000)], [], upMs],
    ["ok: 1 recorded; the interface of each one's pod is there, or is being made"],
  ],
  [
    "no pod, and two shares of one claim",
    [[recorded(130_000), recorded(130_000, { request: "in" })], [row("p2", "c1")], upMs],
    [
      "warn: claim shop/net was prepared 130 s ago for the pod of uid p1, which has no interface here",
    ],
  ],
  [
    "taken back under its pod",
    [[], [row("p1", "c1")], upMs],
    [
      "warn: pods/c1/eth0 has its egress guarantee from claim shop/net, which is not recorded any more: it was taken back while the pod lived",
    ],
  ],
])("%s", (_, asked, findings) => {
  expect(judgeClaims(...asked).map(({ level, found }) => `${level}: ${found}`)).toEqual(findings);
});
