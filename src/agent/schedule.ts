/**
 * What the agent has to do to keep the node true, and when. It is decided from the times that are kept here
 * and from now, which are milliseconds of a clock that nobody sets.
 */
import type { Cause } from "../kernel/watch-filter.ts";

export interface Pace {
  /** How long after the first of several notifications a look follows. */
  debounceMs: number;
  /** How long what a look finds has to last, so that a verb at work is not taken for drift. */
  settleMs: number;
  /** How often settings are read of whose changes the kernel tells nobody. */
  settingsMs: number;
  /** How often everything is looked at, whatever the kernel has told. */
  slowMs: number;
  /** How often what is gone is swept. */
  sweepMs: number;
  /** How long after a refused lock it is tried again. */
  busyMs: number;
}

/**
 * From a change of the node to its repair pass the debounce, or the settings' period, and the settling time,
 * with two looks and the repair itself: together less than a second.
 */
export const usualPace: Pace = {
  debounceMs: 100,
  settleMs: 100,
  settingsMs: 500,
  slowMs: 30_000,
  sweepMs: 300_000,
  busyMs: 100,
};

/** "node" is a look at what the node has outside of the pods' namespaces, "pods" one at what is inside. */
export type Duty = "sweep" | "settings" | "node" | "pods";

/** When each duty is due next. */
export interface Agenda {
  readonly dueMs: Readonly<Record<Duty, number>>;
  /** Before this time no look at the node follows, whatever comes. */
  readonly restUntilMs: number;
}

/** At the start everything is due. */
export const agendaAt = (nowMs: number): Agenda => ({
  dueMs: { sweep: nowMs, settings: nowMs, node: nowMs, pods: nowMs },
  restUntilMs: nowMs,
});

/** In the order in which they are done. */
export const duties: readonly Duty[] = ["sweep", "settings", "node", "pods"];

/**
 * So long a look waits at most while verbs are at work in this process: longer than the pods of a full node
 * take that come at once, since a look keeps all of them waiting that are there.
 */
const patienceMs = 3_000;

/** `isBusy` says that verbs are at work in this process. */
export function isDue(agenda: Agenda, duty: Duty, nowMs: number, isBusy: boolean): boolean {
  const rests = duty === "node" && nowMs < agenda.restUntilMs;
  return !rests && agenda.dueMs[duty] <= (isBusy ? nowMs - patienceMs : nowMs);
}

/** It is due no later than then. */
export const dueBy = (agenda: Agenda, duty: Duty, atMs: number): Agenda => ({
  ...agenda,
  dueMs: { ...agenda.dueMs, [duty]: Math.min(agenda.dueMs[duty], atMs) },
});

/** What the kernel has told since it was last answered. */
export interface Gathered {
  readonly causes: ReadonlySet<Cause>;
  /** The generations of nf_tables by which our tables were changed, if they were. */
  readonly generations: readonly number[];
  /** When the first of it came. */
  readonly sinceMs: number;
}

/** null means that nothing has come. What follows the first does not put the look off. */
export function gather(
  before: Gathered | null,
  { causes, generations }: Pick<Gathered, "causes" | "generations">,
  nowMs: number,
): Gathered | null {
  if (causes.size === 0 && generations.length === 0) return before;
  return {
    causes: causes.union(before?.causes ?? new Set()),
    generations: [...(before?.generations ?? []), ...generations],
    sinceMs: before?.sinceMs ?? nowMs,
  };
}

/** What the kernel told before a look; `sinceMs` is when the first of it came. */
export type Occasion = Pick<Gathered, "causes" | "sinceMs">;

/** When it is to be answered. A verb changes several things, and its record of them comes last. */
const ripeMs = ({ sinceMs }: Gathered, { debounceMs }: Pace): number => sinceMs + debounceMs;

export const isRipe = (gathered: Gathered, nowMs: number, pace: Pace): boolean =>
  ripeMs(gathered, pace) <= nowMs;

/** How long there is nothing to do, if nothing more comes. */
export function idleMs(
  { dueMs, restUntilMs }: Agenda,
  gathered: Gathered | null,
  nowMs: number,
  pace: Pace,
): number {
  const nextMs = Math.min(
    Math.max(dueMs.node, restUntilMs),
    ...duties.filter((duty) => duty !== "node").map((duty) => dueMs[duty]),
    gathered === null ? Number.POSITIVE_INFINITY : ripeMs(gathered, pace),
  );
  return Math.max(0, nextMs - nowMs);
}

/** What the kernel has told is answered by a look. Where something was lost, everything is looked at. */
export function caused(agenda: Agenda, causes: ReadonlySet<Cause>, nowMs: number): Agenda {
  if (causes.size === 0) return agenda;
  const node = dueBy(agenda, "node", nowMs);
  return causes.has("lost") ? dueBy(node, "pods", nowMs) : node;
}

/** Looks that nobody asked for take this share of a processor at most, and come at least this often. */
const idleShare = 2_000;
const longestSlowMs = 300_000;

/**
 * Where the kernel tells what changes, the looks without that are only for what it did not tell. So they may
 * come more rarely on a node where one takes long.
 */
function periodOf(duty: Duty, spentMs: number, isDeaf: boolean, pace: Pace): number {
  const { slowMs } = pace;
  if (duty !== "node")
    return { sweep: pace.sweepMs, settings: pace.settingsMs, pods: slowMs }[duty];
  return isDeaf ? slowMs : Math.max(slowMs, Math.min(spentMs * idleShare, longestSlowMs));
}

/** Looks take at most a tenth of a processor, and a node that changes all the time is still looked at. */
const restShare = 9;
const longestRestMs = 1_000;

export interface Done {
  endedMs: number;
  /** How long the looks took, without what was waited for. */
  spentMs: number;
  /** Whether the kernel does not tell what changes. */
  isDeaf: boolean;
}

/** It was done, and is due again after its period. A look at the node that took long is followed by a rest. */
export function done(
  agenda: Agenda,
  duty: Duty,
  { endedMs, spentMs, isDeaf }: Done,
  pace: Pace,
): Agenda {
  const restMs = duty === "node" ? Math.min(spentMs * restShare, longestRestMs) : 0;
  return {
    dueMs: { ...agenda.dueMs, [duty]: endedMs + periodOf(duty, spentMs, isDeaf, pace) },
    restUntilMs: Math.max(agenda.restUntilMs, endedMs + restMs),
  };
}
