/** Interleaving: every side once in a round, each round beginning with another one. */

/** The order of a round: what one side leaves for its successor to bear falls on each in turn. */
export function orderOf<T>(sides: readonly T[], round: number): T[] {
  const start = sides.length === 0 ? 0 : round % sides.length;
  const turned = [...sides.slice(start), ...sides.slice(0, start)];
  return Math.floor(round / Math.max(1, sides.length)) % 2 === 0 ? turned : turned.reverse();
}

/** What the kernel puts off (a device's end, above all) is done after this; it is not the next side's. */
const SETTLE_MS = 60;

export function settle(): void {
  Bun.sleepSync(SETTLE_MS);
}

export interface Rounds {
  signal: AbortSignal;
  /** Counted. */
  rounds: number;
  /** Before them, to load files and make what is made once; not counted. */
  warmUps: number;
}

/** `counted` is false in a warm-up. */
export async function inRounds<T>(
  sides: readonly T[],
  { rounds, warmUps, signal }: Rounds,
  turn: (side: T, counted: boolean, round: number) => void | Promise<void>,
): Promise<void> {
  for (let round = -warmUps; round < rounds; round++)
    for (const side of orderOf(sides, round + warmUps)) {
      // A signal's handler gets its turn here: most of what is measured waits for nothing.
      await Bun.sleep(0);
      signal.throwIfAborted();
      await turn(side, round >= 0, round);
    }
}
