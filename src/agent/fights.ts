/**
 * What comes back after it was repaired: something else on the node sets it. It is told once, and repaired
 * ever more rarely, so that neither side keeps the node busy.
 */

interface Matter {
  /** How often it was repaired, or tried to be, each time within a while after the time before. */
  times: number;
  triedMs: number;
  /** Whether the last try repaired it. */
  isMended: boolean;
  isTold: boolean;
}

/** By what differs (`Found.key`). */
export type Matters = ReadonlyMap<string, Matter>;

const firstHoldMs = 1_000;
const longestHoldMs = 60_000;
/** What comes back later than this is taken for something new. It is longer than the longest hold. */
const whileMs = 120_000;
/** At the third time it is no chance any more. */
const fightTimes = 3;

/** How long after a try the next may follow. What comes back for the first time may be chance. */
const holdMs = ({ times }: Pick<Matter, "times">): number =>
  times < 2 ? 0 : Math.min(firstHoldMs * 2 ** (times - 2), longestHoldMs);

export interface Judged {
  /** Whether anything is among it that may be repaired now. */
  isDue: boolean;
  /** When the first of it may be, if none may now. */
  againMs: number;
}

export function judge(matters: Matters, keys: readonly string[], nowMs: number): Judged {
  const froms = keys.map((key) => {
    const matter = matters.get(key);
    return matter === undefined ? nowMs : matter.triedMs + holdMs(matter);
  });
  const againMs = Math.min(...froms);
  return { isDue: againMs <= nowMs, againMs };
}

/** These were repaired, or tried to be. What was long ago is forgotten. */
export function tried(
  matters: Matters,
  keys: readonly string[],
  isMended: boolean,
  nowMs: number,
): Matters {
  const recent = [...matters].filter(([, { triedMs }]) => nowMs - triedMs <= whileMs);
  const next = new Map(recent);
  for (const key of new Set(keys)) {
    const { times = 0, isTold = false } = next.get(key) ?? {};
    next.set(key, { times: times + 1, triedMs: nowMs, isMended, isTold });
  }
  return next;
}

export interface Fight {
  key: string;
  times: number;
  /** How long after the last repair the next may follow. */
  holdMs: number;
}

/** The fights of which nobody was told yet, and what is known when they were told. */
export function fightsToTell(matters: Matters): { fights: Fight[]; matters: Matters } {
  const fights = [...matters].filter(
    ([, { times, isMended, isTold }]) => times >= fightTimes && isMended && !isTold,
  );
  const told = new Map(matters);
  for (const [key, matter] of fights) told.set(key, { ...matter, isTold: true });
  return {
    fights: fights.map(([key, matter]) => ({ key, times: matter.times, holdMs: holdMs(matter) })),
    matters: told,
  };
}
