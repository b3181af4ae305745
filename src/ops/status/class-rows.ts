/** Judges each class that belongs to a pod, and puts the classes in order. Pure. */
import { type Direction, directions } from "../../plan/node.ts";
import type { DirectionStatus, NodeStatus, PodStatus } from "./model.ts";

export type Verdict =
  | "missing"
  | "below"
  | "unknown"
  | "tooShort"
  | "kept"
  | "noDemand"
  | "bestEffort"
  | "notMeasured";

/** They stand in the order of trouble. */
const troubles: readonly Verdict[] = ["missing", "below", "unknown", "tooShort"];

export interface ClassRow {
  /** "shop/cart", or the attachment's name where the runtime named no pod. */
  name: string;
  direction: Direction;
  verdict: Verdict;
  /** It is null on ingress, where a target gives precedence only. */
  targetUs: number | null;
  status: DirectionStatus;
}

export const sortKeys = ["trouble", "name", "rate", "delay"] as const;
export type SortKey = (typeof sortKeys)[number];

export const nameOfPod = ({ pod, attachment }: PodStatus): string => pod ?? attachment;

const isTrouble = (verdict: Verdict): boolean => troubles.includes(verdict);

function verdictOf({ kernel, measured, currentGuaranteeBits }: DirectionStatus): Verdict {
  if (kernel === null) return "missing";
  if (currentGuaranteeBits === 0) return "bestEffort";
  if (measured === null) return "notMeasured";
  if (!measured.known) return "unknown";
  const { state } = measured.promise;
  return state === "none" ? "bestEffort" : state;
}

function rowOf(pod: PodStatus, direction: Direction): ClassRow {
  const status = pod[direction];
  const isFirst = direction === "ingress" || status.guaranteeBits === 0;
  return {
    name: nameOfPod(pod),
    direction,
    verdict: verdictOf(status),
    targetUs: isFirst ? null : pod.latencyTargetUs,
    status,
  };
}

const sent = ({ status: { measured } }: ClassRow): number =>
  measured?.known ? measured.rateBits : 0;

/** The delay without an end is the longest. */
const delay = ({ status: { measured } }: ClassRow): number =>
  measured?.known ? (measured.queueDelayUs ?? Number.POSITIVE_INFINITY) : 0;

const hasSomething = (row: ClassRow): boolean =>
  row.status.guaranteeBits > 0 ||
  row.status.limitBits !== null ||
  isTrouble(row.verdict) ||
  sent(row) > 0;

/** Leaves out a direction in which a pod has neither a promise nor traffic; each pod has one row at least. */
function rowsOfPod(pod: PodStatus): ClassRow[] {
  const all = directions.map((direction) => rowOf(pod, direction));
  const shown = all.filter(hasSomething);
  return shown.length > 0 ? shown : all.slice(0, 1);
}

export const classRows = ({ pods }: Pick<NodeStatus, "pods">): ClassRow[] =>
  pods.flatMap(rowsOfPod);

const rank = ({ verdict }: ClassRow): number => {
  const at = troubles.indexOf(verdict);
  return at < 0 ? troubles.length : at;
};

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Infinity less Infinity is no number, so this compares. */
const largestFirst = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0);

const orders: Record<SortKey, (a: ClassRow, b: ClassRow) => number> = {
  trouble: (a, b) => rank(a) - rank(b),
  name: () => 0,
  rate: (a, b) => largestFirst(sent(a), sent(b)),
  delay: (a, b) => largestFirst(delay(a), delay(b)),
};

/** What the key leaves equal is ordered by name, then direction. */
export function sorted(rows: readonly ClassRow[], key: SortKey): ClassRow[] {
  return rows.toSorted(
    (a, b) => orders[key](a, b) || text(a.name, b.name) || text(a.direction, b.direction),
  );
}
