/**
 * Rounds of ADD and DEL, several beside each other, in which one of the two is killed: what a runtime does
 * on a bad day, the same for any chain of plugins.
 */
import type { Pod } from "../../support/node.ts";
import type { Random } from "./random.ts";

interface Ran {
  ok: boolean;
  /** Ended by a signal. */
  killed: boolean;
  /** An ADD that ended with an error since the agent that had begun it died. */
  isLost?: boolean;
  /** Of an ADD that succeeded. */
  address: string | null;
  tookMs: number;
  told: string;
}

/** null: not at all; "step": at a boundary of its steps, where the chain can; else after so long. */
export type Kill = null | "step" | { afterMs: number };

export interface Chain {
  pod(name: string): Pod;
  run(verb: "ADD" | "DEL", pod: Pod, kill: Kill): Promise<Ran>;
  /** What a runtime that knows these to be alive does after a bad day; then how it stands. All of the others must be gone. */
  settle(live: readonly Pod[]): Promise<void>;
  /** The namespaces of pods that are gone, and what a runtime does for the others. */
  clear(live: readonly Pod[], all: readonly Pod[]): Promise<void>;
}

export interface SweepCounts {
  rounds: number;
  addsKilled: number;
  delsKilled: number;
  /** Where the kill came too late. */
  notKilled: number;
  /** ADDs that an agent had begun when it died. */
  addsLost: number;
  /** Pods that were alive at a look after the kills. */
  alive: number;
  /** An address that two pods had at one moment. */
  duplicates: string[];
  /** What failed and was not killed. */
  failures: string[];
  seconds: number;
}

export interface SweepOptions {
  rounds: number;
  workers: number;
  /** Rounds between two looks. */
  perLook: number;
  canStep: boolean;
  random: Random;
}

/** Before anything was measured. */
const firstGuessMs = 60;

export async function sweep(chain: Chain, options: SweepOptions): Promise<SweepCounts> {
  const startedMs = performance.now();
  const { random, rounds, workers, perLook, canStep } = options;
  const counts: SweepCounts = {
    rounds: 0,
    addsKilled: 0,
    delsKilled: 0,
    notKilled: 0,
    addsLost: 0,
    alive: 0,
    duplicates: [],
    failures: [],
    seconds: 0,
  };
  const usual = { ADD: firstGuessMs, DEL: firstGuessMs };
  const holders = new Map<string, string>();
  const addresses = new Map<Pod, string>();

  const run = async (verb: "ADD" | "DEL", pod: Pod, isKilled: boolean): Promise<Ran> => {
    const known = addresses.get(pod);
    // From here on it may be free.
    if (verb === "DEL" && known !== undefined) holders.delete(known);
    const kill: Kill = !isKilled
      ? null
      : canStep && random.chance(0.5)
        ? "step"
        : { afterMs: random.next() * 1.1 * usual[verb] };
    const ran = await chain.run(verb, pod, kill);
    if (!isKilled && ran.ok) usual[verb] += (ran.tookMs - usual[verb]) / 8;
    if (verb === "ADD" && ran.ok && ran.address !== null) {
      const other = holders.get(ran.address);
      if (other !== undefined)
        counts.duplicates.push(`${ran.address}: ${other} and ${pod.containerId}`);
      holders.set(ran.address, pod.containerId);
      addresses.set(pod, ran.address);
    }
    if (isKilled && ran.killed) counts[verb === "ADD" ? "addsKilled" : "delsKilled"] += 1;
    else if (isKilled) counts.notKilled += 1;
    if (ran.isLost) counts.addsLost += 1;
    if (!ran.ok && !ran.killed && !ran.isLost)
      counts.failures.push(`${verb} of ${pod.containerId}: ${ran.told.slice(0, 300)}`);
    return ran;
  };

  const live = new Set<Pod>();
  /** A runtime calls DEL after an ADD that failed, and may die itself before it does. */
  const round = async (pod: Pod): Promise<void> => {
    const killsAdd = random.chance(0.5);
    const added = await run("ADD", pod, killsAdd);
    if (!added.ok) {
      if (random.chance(0.5)) await run("DEL", pod, random.chance(0.3));
      return;
    }
    live.add(pod);
    if (killsAdd && random.chance(0.5)) return;
    live.delete(pod);
    const deleted = await run("DEL", pod, !killsAdd);
    if (!deleted.ok && random.chance(0.5)) await run("DEL", pod, false);
  };

  for (let done = 0; done < rounds; done += perLook) {
    const names = Array.from(
      { length: Math.min(perLook, rounds - done) },
      (_, i) => `s${done + i}`,
    );
    const all = names.map((name) => chain.pod(name));
    const waiting = [...all];
    const worker = async (): Promise<void> => {
      for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
        await round(pod);
        counts.rounds += 1;
      }
    };
    await Promise.all(Array.from({ length: workers }, worker));
    counts.alive += live.size;
    await chain.settle([...live]);
    await chain.clear([...live], all);
    live.clear();
    holders.clear();
  }
  counts.seconds = (performance.now() - startedMs) / 1000;
  return counts;
}
