import { describe, expect, test } from "bun:test";
import type { ClaimShare } from "../../../src/ledger/claims.ts";
import { podClaims } from "../../../src/node/facts/pod-claims.ts";
import { errorOf } from "../../config/support.ts";
import { ledgerForEachTest } from "../../ledger/fixtures/for-each.ts";
import { attachment, claimShare } from "../../ledger/fixtures/samples.ts";

const own = ledgerForEachTest();

const record = (...shares: ClaimShare[]): void =>
  own.ledger.exclusively(() => {
    for (const share of shares) own.ledger.recordClaim(share.claimUid, [share]);
  });
const cart = { containerId: "c1", podNamespace: "shop", podName: "cart", podUid: "p1" };
const namesOf = (pod: Parameters<typeof podClaims>[1]): string[] =>
  podClaims(own.ledger, pod).map(({ claimName }) => claimName);

describe("a pod's claims", () => {
  test("are those of its uid, whatever its name", () => {
    record(claimShare(), claimShare({ claimUid: "c2", claimName: "other", podUid: "p2" }));
    expect(namesOf(cart)).toEqual(["net"]);
    expect(namesOf({ ...cart, podName: "renamed" })).toEqual(["net"]);
    expect(namesOf({ ...cart, podUid: "p3" })).toEqual([]);
  });

  test("are for the first interface of a sandbox, and for a new sandbox again", () => {
    record(claimShare(), claimShare({ claimUid: "c2", claimName: "late" }));
    const claims = [
      { claimUid: "c1", claim: "shop/net", direction: "egress", rateBits: 1e8 } as const,
    ];
    const { asks } = attachment(1);
    const row = attachment(1, { podNamespace: "shop", podName: "cart", asks: { ...asks, claims } });
    own.ledger.exclusively(() => own.ledger.attachments.insert(row));
    expect(namesOf(cart)).toEqual(["late"]);
    expect(namesOf({ ...cart, containerId: "again" })).toEqual(["late", "net"]);
  });
});

describe("a runtime that does not tell the uid", () => {
  const unknown = { ...cart, podUid: null };

  test("is refused where the pod may be one whose claim is open", () => {
    record(claimShare());
    const error = errorOf(() => podClaims(own.ledger, unknown));
    expect(error.kind).toBe("promiseRefused");
    expect(error.message).toContain("does not tell the uid of pod shop/cart (K8S_POD_UID)");
    expect(error.message).toContain("claim shop/net");
  });

  test.each<[string, ClaimShare[], Partial<typeof unknown>]>([
    ["without any claim", [], {}],
    ["with claims of another namespace", [claimShare({ claimNamespace: "bank" })], {}],
    [
      "with claims whose pods have interfaces",
      [claimShare({ podUid: "served" })],
      { podName: "till" },
    ],
    ["for what is no pod of Kubernetes", [claimShare()], { podName: null as unknown as string }],
  ])("is none the worse %s", (_, shares, part) => {
    const row = attachment(1, { podNamespace: "shop", podName: "bank", podUid: "served" });
    own.ledger.exclusively(() => own.ledger.attachments.insert(row));
    record(...shares);
    expect(podClaims(own.ledger, { ...unknown, ...part })).toEqual([]);
  });
});
