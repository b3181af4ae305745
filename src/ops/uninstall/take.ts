/** Takes what is ours out of the kernel and out of the ledger, or says what that would be. */
import { FairwayError, messageOf } from "../../errors.ts";
import { type LedgerView, openLedgerReadonly } from "../../ledger/ledger.ts";
import { bootId, withLedger } from "../../node/facts/open.ts";
import { othersAddresses, othersInTheWay } from "../../node/facts/others.ts";
import { forgetFormer, hasFormer, rootsThatDiffer } from "../../node/reconcile/former.ts";
import type { Step } from "../../plan/diff.ts";
import { noLedgerIn } from "../context.ts";
import { applyFiles, type FileStep } from "../install/files.ts";
import { type LivingPods, livingPods, refuseWhilePodsLive } from "./living-pods.ts";
import { bringBack, planRemoval, removeFromNode } from "./remove.ts";

const withoutRecord =
  "no ledger says what was there before Fairway: the sysctls (net.ipv4.ip_forward, net.bridge.*) and the uplink's gso_max_size stay as they are";

export interface Taken {
  steps: Step[];
  cannot: string[];
}

/**
 * Refuses while pods live, or while others have put something into what is ours. Throws attachmentExists;
 * nothing is changed then.
 */
function refuseLosses(view: LedgerView): void {
  refuseWhilePodsLive(view);
  const others = othersInTheWay(planRemoval(view));
  if (others.length === 0) return;
  throw new FairwayError(
    "attachmentExists",
    `what is not Fairway's is part of what it would remove: ${others.join("; ")}`,
    "move it elsewhere first (ip link set dev PORT nomaster; another table); --force removes it with ours, or leaves it without",
  );
}

/** The conflist goes first, so that no pod begins. It is put back where what follows fails. */
function afterConflist(conflist: FileStep[], take: () => Taken): Taken {
  const files = applyFiles(conflist);
  try {
    const taken = take();
    files.commit();
    return taken;
  } catch (error) {
    files.undo();
    throw error;
  }
}

/** Where there is no ledger, or one that cannot be read, this takes what bears our names. */
export function takeStrays(view: LedgerView, conflist: FileStep[], force: boolean): Taken {
  if (!force) refuseLosses(view);
  return afterConflist(conflist, () => {
    const steps = bringBack(view);
    return { steps, cannot: steps.length === 0 ? [] : [withoutRecord] };
  });
}

/** This runs under the lock. After the conflist comes what is in the kernel, and then the rows. */
export function takeAll(dataDir: string, conflist: FileStep[], force: boolean): Taken {
  return withLedger(dataDir, (ledger) =>
    ledger.exclusively(() => {
      if (!force) refuseLosses(ledger);
      return afterConflist(conflist, () => {
        const recorded = hasFormer(ledger);
        const steps = removeFromNode(ledger);
        const cannot = rootsThatDiffer(ledger);
        if (!recorded && steps.length > 0) cannot.push(withoutRecord);
        forgetFormer(ledger);
        return { steps, cannot };
      });
    }),
  );
}

interface LedgerRead {
  there: boolean;
  pods: LivingPods;
  /** What would be done; null means that this was not asked. */
  steps: Step[] | null;
  notes: string[];
}

/** Says in words what of others goes with what is ours. */
function goesAlong(view: LedgerView, steps: readonly Step[]): string[] {
  return [...othersInTheWay(steps), ...othersAddresses(view, steps)].map(
    (what) => `not Fairway's, and goes with it: ${what}`,
  );
}

/**
 * Unless `force` is given, this throws attachmentExists while pods live, and it throws whatever keeps the
 * ledger from being read.
 */
export function readLedger(
  dataDir: string,
  { force, plan }: { force: boolean; plan: boolean },
): LedgerRead {
  const read = (view: LedgerView, there: boolean, notes: string[]): LedgerRead => {
    if (!force) refuseLosses(view);
    const planned = planRemoval(view);
    return {
      there,
      pods: livingPods(view),
      steps: plan ? planned : null,
      notes: [...notes, ...goesAlong(view, planned)],
    };
  };
  let view: ReturnType<typeof openLedgerReadonly>;
  try {
    view = openLedgerReadonly({ dir: dataDir, bootId: bootId() });
  } catch (error) {
    if (!force) throw error;
    return read(noLedgerIn(dataDir), false, [`the ledger was not read: ${messageOf(error)}`]);
  }
  using there = view;
  return there === null ? read(noLedgerIn(dataDir), false, []) : read(there, true, []);
}
