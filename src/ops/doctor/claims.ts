/** Compares the claims that the ledger has with the pods that it has. The agent is their driver (src/dra). */
import type { RecordedShare } from "../../ledger/claims.ts";
import { upMsNow } from "../../ledger/up-time.ts";
import { type Attachment, attachmentName } from "../../plan/node.ts";
import { claimTitle } from "../claim-words.ts";
import { attempt, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "claims";

/** A sandbox is made within seconds after the kubelet had its claims prepared. */
const withoutPodMs = 120_000;

type Row = Pick<Attachment, "network" | "containerId" | "ifname" | "podUid" | "asks">;

function withoutPod(shares: readonly RecordedShare[], uids: ReadonlySet<string>, upMs: number) {
  const late = shares.filter(
    ({ podUid, createdUpMs }) => !uids.has(podUid) && upMs - createdUpMs > withoutPodMs,
  );
  const byClaim = new Map(late.map((share) => [share.claimUid, share]));
  return [...byClaim.values()].map((share) =>
    warn(
      id,
      `${claimTitle(share)} was prepared ${Math.round((upMs - share.createdUpMs) / 1000)} s ago for the pod of uid ${share.podUid}, which has no interface here`,
      "where there is such a pod, its events say why it does not start (one with hostNetwork gets nothing of a claim); where there is none, the agent with --dra forgets the claim five minutes after it was prepared",
    ),
  );
}

function withoutClaim(rows: readonly Row[], shares: readonly RecordedShare[]): Finding[] {
  const recorded = new Set(shares.map(({ claimUid }) => claimUid));
  return rows.flatMap((row) =>
    (row.asks.claims ?? [])
      .filter(({ claimUid }) => !recorded.has(claimUid))
      .map(({ claim, direction }) =>
        warn(
          id,
          `${attachmentName(row)} has its ${direction} guarantee from claim ${claim}, which is not recorded any more: it was taken back while the pod lived`,
          "this pod keeps what it has until its DEL; the scheduler may give the same bandwidth to another pod by now: delete the pod, and its successor gets a claim of its own",
        ),
      ),
  );
}

/** `upMs` is how long the node is up. Without any claims there is nothing to say. */
export function judgeClaims(
  shares: readonly RecordedShare[],
  rows: readonly Row[],
  upMs: number,
): Finding[] {
  const uids = new Set(rows.flatMap(({ podUid }) => podUid ?? []));
  const wrong = [...withoutPod(shares, uids, upMs), ...withoutClaim(rows, shares)];
  if (wrong.length > 0 || shares.length === 0) return wrong;
  const count = new Set(shares.map(({ claimUid }) => claimUid)).size;
  return [ok(id, `${count} recorded; the interface of each one's pod is there, or is being made`)];
}

export function claims({ ledger }: Patient): Finding[] {
  if (ledger === null) return [];
  return attempt(id, () => judgeClaims(ledger.allClaims(), ledger.attachments.all(), upMsNow()));
}
