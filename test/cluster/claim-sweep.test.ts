import { expect, test } from "bun:test";
import { abandonedClaims } from "../../src/cluster/claim-sweep.ts";
import { readPod } from "../../src/cluster/pod-seen.ts";
import type { RecordedShare } from "../../src/ledger/claims.ts";
import { claimShare } from "../ledger/fixtures/samples.ts";

const nowMs = 10_000_000;
const share = (part: Partial<RecordedShare>): RecordedShare => ({
  ...claimShare(),
  ...{ createdUpMs: 0, ...part },
});
const metadata = { uid: "p1", name: "cart", namespace: "shop", resourceVersion: "1" };
const cart = readPod({ metadata }, metadata);

test.each<[string, Partial<RecordedShare>[], string[]]>([
  ["of a pod that is there", [{ podUid: "p1" }], []],
  ["of a pod whose interface is still there", [{ podUid: "p-row" }], []],
  ["of a pod that is gone", [{ podUid: "p-gone" }], ["c1"]],
  ["of one that was prepared just now", [{ podUid: "p-gone", createdUpMs: nowMs - 60_000 }], []],
  ["of which one pod is there", [{ podUid: "p-gone" }, { podUid: "p1" }], []],
  ["two, each by itself", [{ podUid: "p1" }, { claimUid: "c2", podUid: "p-gone" }], ["c2"]],
])("a claim %s", (_, shares, expected) => {
  const rows = [{ podUid: "p-row" }, {}];
  expect(abandonedClaims(shares.map(share), [cart], rows, nowMs)).toEqual(expected);
});
