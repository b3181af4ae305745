/**
 * Looks from time to time whether guarantees are kept, and tells the pods whose are not. While nothing waits in
 * the class of a pod with a guarantee, this is one dump of each tree's classes every ten seconds.
 */
import { formatDuration, formatRate } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import { deviceClasses } from "../kernel/read/device-classes.ts";
import { sleep } from "../kube/follow.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Sample } from "../measure/counters.ts";
import { type PromisedClass, promisedClasses } from "../node/facts/promised-classes.ts";
import { NodeView } from "../node/reconcile/view.ts";
import type { Counters } from "../plan/counters.ts";
import { attachmentName } from "../plan/node.ts";
import type { Happened } from "./event-log.ts";
import { judged, type Missed, noneMissed, type Verdict, verdictOf } from "./kept.ts";
import type { PodSeen } from "./pod-seen.ts";
import { attachmentsOf } from "./wanted.ts";

export interface GuaranteesOptions {
  /** null means that there is none yet. Throws what the ledger throws. */
  ledger: () => Ledger | null;
  /** null means that the API server has not told them yet. */
  pods: () => readonly PodSeen[] | null;
  tell(happened: Happened): void;
  /** How long one has to be missed until it is told. */
  afterMs: number;
  signal: AbortSignal;
  pace?: { roundMs: number };
}

const usualPace = { roundMs: 10_000 };
/** So many looks, so far apart, tell demand from a burst that waits for its turn. */
const [looks, betweenLooksMs] = [8, 250];

const nameOf = ({ row, direction }: PromisedClass): string => `${attachmentName(row)} ${direction}`;

const guaranteedIn = (ledger: Ledger): PromisedClass[] =>
  promisedClasses(new NodeView(ledger)).filter(({ guaranteeBits }) => guaranteeBits > 0);

type Looked = ReturnType<typeof deviceClasses>;

const lookAt = (promised: readonly PromisedClass[]): Looked =>
  deviceClasses(new Set(promised.map(({ dev }) => dev)));

const countersOf = (looked: Looked, { dev, classid: id }: PromisedClass): Counters | null =>
  looked.get(dev)?.get(id)?.counters ?? null;

async function verdicts(
  promised: readonly PromisedClass[],
  signal: AbortSignal,
): Promise<Map<string, Verdict>> {
  const isWaiting = (looked: Looked, each: PromisedClass): boolean =>
    (countersOf(looked, each)?.backlogBytes ?? 0) > 0;
  const first = lookAt(promised);
  const asked = promised.filter((each) => isWaiting(first, each));
  const found = new Map<string, Verdict>();
  if (asked.length === 0) return found;
  const samples = new Map<string, Sample[]>();
  for (let look = 0; look < looks && !signal.aborted; look++) {
    const looked = lookAt(asked);
    const atMs = performance.now();
    for (const each of asked) {
      const of = samples.get(nameOf(each)) ?? [];
      of.push({ atMs, counters: countersOf(looked, each) });
      samples.set(nameOf(each), of);
    }
    await sleep(betweenLooksMs, signal);
  }
  for (const each of asked)
    found.set(nameOf(each), verdictOf(samples.get(nameOf(each)) ?? [], each.guaranteeBits));
  return found;
}

/** The text is the same each time, so that Kubernetes counts it. */
function notMet(
  { direction, guaranteeBits }: PromisedClass,
  pod: PodSeen,
  afterMs: number,
): Happened {
  const [verb, where] = direction === "egress" ? ["sends", "to be sent"] : ["gets", "for it"];
  return {
    regarding: {
      apiVersion: "v1",
      kind: "Pod",
      namespace: pod.namespace,
      name: pod.name,
      uid: pod.uid,
    },
    type: "Warning",
    reason: "GuaranteeNotMet",
    action: "Measure",
    note: `the pod ${verb} less than the ${formatRate(guaranteeBits)} of ${direction} that are guaranteed, though packets wait ${where}, for ${formatDuration(afterMs * 1_000)} or longer: the node's operator sees more by fairway status --watch and fairway doctor`,
  };
}

function podOf(pods: readonly PodSeen[], { row }: PromisedClass): PodSeen | null {
  return pods.find((pod) => !pod.isEnding && attachmentsOf(pod, [row]).length > 0) ?? null;
}

/** It ends when the signal is aborted. */
export async function watchGuarantees(options: GuaranteesOptions): Promise<void> {
  const { ledger: give, pods, tell, afterMs, signal } = options;
  const { roundMs } = options.pace ?? usualPace;
  let missed: Missed = noneMissed;
  while (!signal.aborted) {
    try {
      const ledger = give();
      const promised = ledger === null || pods() === null ? [] : guaranteedIn(ledger);
      const now = await verdicts(promised, signal);
      const outcome = judged(missed, now, performance.now(), afterMs);
      missed = outcome.missed;
      for (const each of promised.filter((p) => outcome.due.includes(nameOf(p)))) {
        const pod = podOf(pods() ?? [], each);
        if (pod !== null) tell(notMet(each, pod, afterMs));
      }
    } catch (error) {
      // The ledger is told of by whoever needs it, and the kernel is asked again.
      if (!(error instanceof FairwayError)) throw error;
    }
    await sleep(roundMs, signal);
  }
}
