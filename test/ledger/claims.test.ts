import { describe, expect, test } from "bun:test";
import type { ClaimShare } from "../../src/ledger/claims.ts";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { ledgerForEachTest } from "./fixtures/for-each.ts";
import { bootId, claimShare, otherBootId } from "./fixtures/samples.ts";

const own = ledgerForEachTest();

const record = (...shares: ClaimShare[]): void =>
  own.ledger.exclusively(() => own.ledger.recordClaim(shares[0]?.claimUid ?? "", shares));
const given = (podUid: string): unknown[] =>
  own.ledger.claimsOfPod(podUid).map(({ createdUpMs, ...share }) => share);

describe("claims", () => {
  test("what a pod was given by its claims is found by its uid, and goes with the claim", () => {
    const [egress, ingress] = [
      claimShare(),
      claimShare({ request: "in", device: "ingress-eth0", direction: "ingress", shareId: null }),
    ];
    record(egress, ingress);
    record(claimShare({ claimUid: "c2", claimName: "more" }));
    record(claimShare({ claimUid: "c3", podUid: "p2" }));
    expect(given("p1")).toEqual([
      claimShare({ claimUid: "c2", claimName: "more" }),
      ingress,
      egress,
    ]);
    expect(given("p3")).toEqual([]);
    expect(own.ledger.allClaims().map(({ claimUid }) => claimUid)).toEqual([
      "c2",
      "c1",
      "c1",
      "c3",
    ]);
    expect(own.ledger.exclusively(() => own.ledger.forgetClaim("c1"))).toBe(true);
    expect(own.ledger.exclusively(() => own.ledger.forgetClaim("c1"))).toBe(false);
    expect(given("p1")).toHaveLength(1);
  });

  test("a claim that is recorded again keeps its rows where it is the same, and has new ones where it is not", () => {
    record(claimShare());
    const [before] = own.ledger.claimsOfPod("p1");
    record(claimShare());
    expect(own.ledger.claimsOfPod("p1")).toEqual(before === undefined ? [] : [before]);
    record(claimShare({ rateBits: 5_000_000, podUid: "p2" }));
    expect(given("p1")).toEqual([]);
    expect(given("p2")).toEqual([claimShare({ rateBits: 5_000_000, podUid: "p2" })]);
  });

  test("a claim that cannot be recorded leaves the one before as it was", () => {
    record(claimShare());
    expect(() => record(claimShare({ request: "a" }), claimShare({ rateBits: 0 }))).toThrow(
      "refused a statement",
    );
    expect(given("p1")).toEqual([claimShare()]);
  });

  test("claims of an earlier boot are nobody's, and go with its other rows", () => {
    record(claimShare());
    own.ledger.close();
    own.ledger = openLedger({ dir: own.dir, bootId: otherBootId });
    expect(own.ledger.claimsOfPod("p1")).toEqual([]);
    own.ledger.exclusively(() => own.ledger.forgetEarlierBoots());
    using view = openLedgerReadonly({ dir: own.dir, bootId });
    expect(view?.allClaims()).toEqual([]);
  });

  test("without the lock nothing is recorded or forgotten", () => {
    expect(() => own.ledger.recordClaim("c1", [claimShare()])).toThrow(
      "belongs inside exclusively()",
    );
    expect(() => own.ledger.forgetClaim("c1")).toThrow("belongs inside exclusively()");
  });
});
