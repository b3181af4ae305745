/** Finds what a pod's claims were given, in the ledger alone: neither the agent nor an API server is asked. */
import { FairwayError } from "../../errors.ts";
import type { RecordedShare } from "../../ledger/claims.ts";
import { existingFile } from "../../ledger/folder.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { type Attachment, podTitle } from "../../plan/node.ts";
import { inLedger } from "./open.ts";

export type PodClaims = readonly RecordedShare[];

type Pod = Pick<Attachment, "containerId" | "podNamespace" | "podName"> & { podUid: string | null };

/** A claim's bandwidth is promised once: to the first interface of a sandbox that asks. */
function isFree(view: LedgerView, { containerId, podNamespace, podName }: Pod) {
  const own =
    podNamespace === null || podName === null ? [] : view.attachments.byPod(podNamespace, podName);
  const used = own
    .filter((row) => row.containerId === containerId)
    .flatMap(({ asks }) => asks.claims ?? [])
    .map(({ claimUid }) => claimUid);
  return ({ claimUid }: RecordedShare): boolean => !used.includes(claimUid);
}

/**
 * Without the pod's uid nobody can tell whose a claim is. So a pod whose namespace has claims that no pod has got yet
 * is refused: it may be the one, and would run without its promise.
 */
function refuseUnknown(view: LedgerView, pod: Pod): void {
  const title = podTitle(pod);
  if (title === null) return;
  const namespace = pod.podNamespace ?? "default";
  const claims = view.allClaims().filter(({ claimNamespace }) => claimNamespace === namespace);
  if (claims.length === 0) return;
  const served = new Set(view.attachments.all().map(({ podUid }) => podUid));
  const open = claims.find(({ podUid }) => !served.has(podUid));
  if (open === undefined) return;
  throw new FairwayError(
    "promiseRefused",
    `the runtime does not tell the uid of pod ${title} (K8S_POD_UID), and claim ${open.claimNamespace}/${open.claimName} is prepared for a pod that has no interface yet: whether it is this one cannot be told`,
    "Claims for bandwidth need a runtime that tells the pod's uid: containerd since 1.6 and CRI-O do. `fairway explain` is told it by --pod-uid.",
  );
}

/** Empty for a pod without claims. Throws promiseRefused where that cannot be told, and what the ledger throws. */
export function podClaims(view: LedgerView, pod: Pod): PodClaims {
  if (pod.podUid !== null) return view.claimsOfPod(pod.podUid).filter(isFree(view, pod));
  refuseUnknown(view, pod);
  return [];
}

export type UseLedger<A, T> = (ledger: Ledger, asked: A) => T;

/**
 * Asks with what the pod's claims were given, and uses the ledger with that. Where there is no ledger yet there are no
 * claims, and what is refused then makes none. Throws as `podClaims`.
 */
export function withPodClaims<A, T>(
  dataDir: string,
  pod: Pod,
  ask: (claims: PodClaims) => A,
  use: UseLedger<A, T>,
): T {
  const early = existingFile(dataDir) === null ? { asked: ask([]) } : null;
  return inLedger(dataDir, (ledger) =>
    use(ledger, early === null ? ask(podClaims(ledger, pod)) : early.asked),
  );
}
