/**
 * Admits a promise beside what is promised already. That is read in sums, and row by row only where somebody is
 * refused.
 */
import {
  type Attachment,
  type AttachmentKey,
  attachmentName,
  type Direction,
  directions,
  type NetworkBase,
  type PodPromise,
  podTitle,
  type TreeSettings,
} from "../plan/node.ts";
import { admit, admitScaled, refusal } from "./admission.ts";
import type { Settlement } from "./ask.ts";
import { type Holder, type Load, leftBits, loadOf, treeOf } from "./capacity.ts";
import type { Member } from "./latency.ts";
import { withinTargets } from "./targets.ts";

/** The ledger's attachments, or others that count in their place. */
export interface Held {
  promised(): Record<Direction, Load>;
  /** 0 means that there are no pods. */
  largestMtuBytes(): number;
  /** The attachments with a latency target. */
  withTarget(): readonly Attachment[];
  all(): readonly Attachment[];
}

const guaranteesOf = (all: readonly Attachment[], direction: Direction): number[] =>
  all.map(({ promise }) => promise[direction].guaranteeBits);

export const heldBy = (all: readonly Attachment[]): Held => ({
  promised: () => ({
    egress: loadOf(guaranteesOf(all, "egress")),
    ingress: loadOf(guaranteesOf(all, "ingress")),
  }),
  largestMtuBytes: () => Math.max(0, ...all.map(({ mtuBytes }) => mtuBytes)),
  withTarget: () => all.filter(({ promise }) => promise.latencyTargetUs !== null),
  all: () => all,
});

/** A person knows the pod by its name; two sandboxes of one pod may be there at once, so the attachment tells them apart. */
export function holderName(
  a: AttachmentKey & Pick<Attachment, "podNamespace" | "podName">,
): string {
  const name = attachmentName(a);
  const title = podTitle(a);
  return title === null ? name : `${title} (${name})`;
}

/** An attachment in the form that the delay bound takes. */
export function memberOf(a: Attachment): Member {
  return { holder: holderName(a), promise: a.promise, mtuBytes: a.mtuBytes };
}

export interface Asker {
  holder: string;
  promise: Record<Direction, { guaranteeBits: number }>;
  /** The tier that gave each guarantee, for the refusal. */
  givingTier?: Settlement["givingTier"];
}

/** A pod that asks for nothing. */
export const oneMorePod: Asker = {
  holder: "one more pod",
  promise: { egress: { guaranteeBits: 0 }, ingress: { guaranteeBits: 0 } },
};

/** What was set with `fairway set-capacity`. It is asked only for the words of a refusal. */
type CapacitySet = () => Record<`${Direction}Bits`, number | null>;

/**
 * What each direction has left beside what is held and what is asked for, in bits per second; 0 where
 * guarantees are scaled. Throws promiseRefused.
 */
export function requireRates(
  trees: TreeSettings,
  held: Held,
  { holder, promise, givingTier }: Asker,
  capacitySet: CapacitySet,
  promised = held.promised(),
): Record<Direction, number> {
  const decide = trees.overcommit === "scale" ? admitScaled : admit;
  const free = { egress: 0, ingress: 0 };
  for (const direction of directions) {
    const tree = treeOf(trees, direction);
    const askedBits = promise[direction].guaranteeBits;
    free[direction] = leftBits(tree, promised[direction], loadOf([askedBits]));
    if (free[direction] >= 0) continue;
    // Whoever is refused is told who holds what.
    const holders = held.all().map(
      (a): Holder => ({
        holder: holderName(a),
        guaranteeBits: a.promise[direction].guaranteeBits,
      }),
    );
    const tier = givingTier?.[direction] ?? null;
    const decision = decide({ ...tree, held: holders, askedBits, holder, tier });
    if (!decision.ok) throw refusal(decision, capacitySet()[`${direction}Bits`] !== null);
    free[direction] = decision.freeBits;
  }
  return free;
}

/**
 * What is left beside the promises that are held already, and how the pod's bound comes about; null without a
 * latency target. Throws promiseRefused.
 */
export function admitted(
  base: Pick<NetworkBase, "trees" | "mtuBytes">,
  held: Held,
  asker: Asker & { promise: PodPromise },
  capacitySet: CapacitySet,
): { freeBits: Record<Direction, number>; latency: string | null } {
  const { trees, mtuBytes } = base;
  const promised = held.promised();
  const freeBits = requireRates(trees, held, asker, capacitySet, promised);
  const member = { ...asker, mtuBytes };
  // Delays are bounded on egress only, because what comes in has queued on the wire before it is here.
  const load = loadOf([asker.promise.egress.guaranteeBits]);
  if (leftBits(treeOf(trees, "egress"), promised.egress, load) >= 0) {
    const others = () => held.withTarget().map(memberOf);
    return { freeBits, latency: withinTargets(base, member, others, held.largestMtuBytes()) };
  }
  // While guarantees are scaled no target is kept (scale.ts). It has to be one that the pod could have alone.
  withinTargets(base, member, () => []);
  return { freeBits, latency: null };
}
