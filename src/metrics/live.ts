/**
 * What is so at this moment, for whoever looks rather than counts: each class with its promise beside what it gets, and
 * the trees. The looks are those of the metrics. Pure.
 */
import { tolerance } from "../measure/demand.ts";
import { queueDelayUs } from "../measure/measure.ts";
import type { PromisedClass } from "../node/facts/promised-classes.ts";
import { attachmentName, type Direction, podTitle } from "../plan/node.ts";
import type { ClassFollow } from "./class-follow.ts";

/**
 * `missing`: the kernel has no such class. `missed`: less than the guarantee passed while packets waited. `kept`: the
 * guarantee passed. `waiting`: packets wait, and not for long enough yet to tell. `idle`: it wants less than it was
 * promised. `bestEffort`: it was promised nothing.
 */
export type Verdict = "missing" | "missed" | "kept" | "waiting" | "idle" | "bestEffort";

/** Rates are bits per second of Ethernet frames. */
export interface LiveClass {
  /** "shop/cart", or the attachment's name where the runtime named no pod. */
  pod: string;
  direction: Direction;
  tier: string | null;
  verdict: Verdict;
  /** In force; 0 is best effort. */
  guaranteeBits: number;
  limitBits: number | null;
  /** null means that it was not measured yet. */
  rateBits: number | null;
  /** For how long every look found packets waiting; null means that none wait. */
  waitingMs: number | null;
  /** The mean wait of the last ten seconds; null means that some waited and none was sent. */
  delayUs: number | null;
  /** On egress only: on ingress a target gives precedence. */
  targetUs: number | null;
  /** The longest wait that was admitted; null without a target. */
  boundUs: number | null;
}

export interface LiveTree {
  direction: Direction;
  dev: string;
  capacityBits: number;
  reserveBits: number;
  /** The sum of the pods' guarantees, as they were promised. */
  promisedBits: number;
  /** What can still be promised; below zero more is promised than there is. */
  leftBits: number;
  /** What the classes carry; null means that it was not measured yet. */
  rateBits: number | null;
  /** The host's own part of that; null means that the tree has no class for it, or that it was not measured. */
  hostRateBits: number | null;
}

export interface Live {
  trees: LiveTree[];
  classes: LiveClass[];
}

/** What was said of demand counts for so long: it is said every two seconds while packets wait. */
const judgedForMs = 5_000;

function verdictOf(follow: ClassFollow, guaranteeBits: number, nowMs: number): Verdict {
  const { backlogBytes, rateBits, judged } = follow;
  if (backlogBytes === null) return "missing";
  if (guaranteeBits === 0) return "bestEffort";
  const said = judged !== null && nowMs - judged.atMs <= judgedForMs ? judged : null;
  if (said !== null && said.belowSeconds > 0) return "missed";
  if (said !== null || (rateBits ?? 0) >= guaranteeBits * (1 - tolerance)) return "kept";
  return backlogBytes > 0 ? "waiting" : "idle";
}

/** `boundUs` is that of the pod's egress class. */
export function liveClass(
  { row, direction, guaranteeBits, limitBits }: PromisedClass,
  follow: ClassFollow,
  boundUs: number | null,
  nowMs: number,
): LiveClass {
  const hasTarget = direction === "egress" && guaranteeBits > 0;
  const { waitingSinceMs, rateBits, waited } = follow;
  return {
    pod: podTitle(row) ?? attachmentName(row),
    direction,
    tier: row.promise.tier,
    verdict: verdictOf(follow, guaranteeBits, nowMs),
    guaranteeBits,
    limitBits,
    rateBits,
    waitingMs: waitingSinceMs === null ? null : nowMs - waitingSinceMs,
    delayUs: queueDelayUs(waited.byteSeconds, waited.bytes),
    targetUs: hasTarget ? row.promise.latencyTargetUs : null,
    boundUs: hasTarget ? boundUs : null,
  };
}
