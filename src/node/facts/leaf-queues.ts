/**
 * The kind of queue below every leaf of this node. It is the best that the kernel offers, which is found out
 * once a boot.
 */
import { probeQueues } from "../../kernel/probe.ts";
import { kernelRelease } from "../../kernel/release.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { leafKinds, leafQueue, plainKind } from "../../plan/leaf-queue.ts";
import type { LeafKind, NetworkBase } from "../../plan/node.ts";
import { hostShape } from "../../plan/shape.ts";
import { hostBits } from "./network.ts";

/** The ledger keeps it for this boot, because a new kernel comes with a new boot. */
const factKey = "leaf-queues";

interface ProbedKind {
  kind: LeafKind;
  offered: boolean;
  /** Why it is not offered; null where it is. */
  reason: string | null;
}

interface Found {
  kind: LeafKind;
  /** The release is as uname -r prints it. */
  release: string;
  probed: ProbedKind[];
}

/** The kind that is in force, and why. `status` and `explain` show it. */
export interface LeafQueues {
  kind: LeafKind;
  why: string;
  /** null means that nobody has looked since the node booted. */
  release: string | null;
  probed: ProbedKind[];
}

function remembered(view: LedgerView): Found | null {
  const value = view.fact(factKey);
  return value === null ? null : (JSON.parse(value) as Found);
}

function reasonOf({ kind, release, probed }: Found): string {
  const missing = probed
    .filter(({ offered }) => !offered)
    .map((p) => `no ${p.kind} (${p.reason})`)
    .join(", ");
  if (missing === "")
    return `kernel ${release} offers ${kind}, the best of ${leafKinds.join(", ")}`;
  return `kernel ${release} offers ${missing}`;
}

/** Returns what was found, or else what is assumed. It touches nothing. */
export function leafQueues(view: LedgerView): LeafQueues {
  const found = remembered(view);
  if (found !== null) return { ...found, why: reasonOf(found) };
  return {
    kind: plainKind,
    why: "assumed: nobody has looked what this kernel offers since it booted; the first ADD does",
    release: null,
    probed: [],
  };
}

function probe(base: NetworkBase): Found {
  const capacityBits = base.trees.egressCapacityBits;
  const shape = hostShape(base.trees, hostBits(base));
  const better = leafKinds.filter((kind) => kind !== plainKind);
  const answers = probeQueues(better.map((kind) => leafQueue(kind, shape, capacityBits)));
  const probed = better.map((kind, index): ProbedKind => {
    const reason = answers[index] ?? null;
    return { kind, offered: reason === null, reason };
  });
  const kind = probed.find(({ offered }) => offered)?.kind ?? plainKind;
  return { kind, release: kernelRelease(), probed };
}

/** The base with the kind that is remembered, or assumed. It touches nothing. */
export function withLeafKind(view: LedgerView, base: NetworkBase): NetworkBase {
  return { ...base, trees: { ...base.trees, leafKind: leafQueues(view).kind } };
}

/**
 * Finds out what the kernel offers, and remembers it, where nobody has done so yet. Throws what prevents
 * that.
 */
export function ensureLeafKind(ledger: Ledger, base: NetworkBase): void {
  if (remembered(ledger) !== null) return;
  ledger.exclusively(() => {
    // Another ADD may have looked meanwhile.
    if (remembered(ledger) === null) ledger.setFact(factKey, JSON.stringify(probe(base)));
  });
}
