/** Pods whose ADD was refused for what they ask, and what their owners are told of it. */
import type { LedgerView } from "../ledger/ledger.ts";
import type { Happened } from "./event-log.ts";

/** A pod as CNI_ARGS names it, and why it cannot start. */
export interface RefusedPod {
  namespace: string;
  name: string;
  uid: string;
  words: string;
  /** Another process tries it once more, and may do better. */
  mayStart: boolean;
}

/** Another process that frees what is held for sandboxes that are gone takes less. */
const elsewhereMs = 3_000;
const mostElsewhere = 1_000;

export class Refusals {
  readonly #tell: (event: Happened) => void;
  /** Pods that another process tries to give what they ask for, in the order of their times. */
  #elsewhere: { pod: RefusedPod; atMs: number }[] = [];

  constructor(tell: (event: Happened) => void) {
    this.#tell = tell;
  }

  /** When to come back for it; null means that it is told. */
  take(pod: RefusedPod, nowMs: number): number | null {
    if (!pod.mayStart) {
      this.#tellRefused(pod);
      return null;
    }
    const atMs = nowMs + elsewhereMs;
    this.#elsewhere.push({ pod, atMs });
    return atMs;
  }

  /** When the next has its time; null means that none waits. */
  get nextMs(): number | null {
    return this.#elsewhere[0]?.atMs ?? null;
  }

  /** Of what other processes tried, only what they have made can be seen. */
  tellDue(ledger: LedgerView, nowMs: number): void {
    const due = this.#elsewhere.filter(({ atMs }) => atMs <= nowMs);
    if (due.length === 0) return;
    this.#elsewhere = this.#elsewhere.filter(({ atMs }) => atMs > nowMs).slice(-mostElsewhere);
    const made = new Set(ledger.attachments.all().map(({ podUid }) => podUid));
    for (const { pod } of due) if (!made.has(pod.uid)) this.#tellRefused(pod);
  }

  #tellRefused({ namespace, name, uid, words }: RefusedPod): void {
    this.#tell({
      regarding: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      type: "Warning",
      reason: "BandwidthRejected",
      action: "Assign",
      note: `the pod cannot start: ${words}`,
    });
  }
}
