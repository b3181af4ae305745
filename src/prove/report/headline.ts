/** The two numbers that matter, in a sentence. Pure. */
import type { Mode, PhaseShown, ScenarioResult } from "../engine/result.ts";
import { isIdle } from "./side-by-side.ts";
import { latency, megabits, percent } from "./words.ts";

/** A phase in which a pod's latency was measured while others sent. */
export interface Loaded {
  phase: PhaseShown;
  pod: string;
}

/** The first of a scenario's phases of that kind; null means that it has none. */
export function firstLoaded({ modes }: ScenarioResult): Loaded | null {
  for (const phase of modes.fairway ?? []) {
    const [pod] = Object.keys(phase.latency);
    if (!isIdle(phase) && pod !== undefined) return { phase, pod };
  }
  return null;
}

/**
 * What the pod of `firstLoaded` waits with Fairway and without, and what it gets of its promise. null where the
 * scenario has no such phase, or nothing to put beside it.
 */
export function headline(result: ScenarioResult): string | null {
  const loaded = firstLoaded(result);
  if (loaded === null) return null;
  const { pod, phase } = loaded;
  const without = result.modes.noQos?.find(({ name }) => name === phase.name);
  if (without?.latency[pod] === undefined) return null;
  const told = (of: PhaseShown, mode: Mode): string =>
    `${waits(of, pod)}${gets(result.modes[mode] ?? [], pod)}`;
  return `Beside the others, ${pod} ${told(phase, "fairway")} with Fairway; without it, it ${told(without, "noQos")}.`;
}

function waits({ latency: found }: PhaseShown, pod: string): string {
  const p50Us = found[pod]?.p50Us ?? null;
  return p50Us === null ? "waits for an answer in vain" : `waits ${latency(p50Us)} for an answer`;
}

/** Of a pod that sends in some phase and has a guarantee: what it gets of it in the first of them. */
function gets(phases: readonly PhaseShown[], pod: string): string {
  for (const { rateBits, guaranteeBits, pod: sender } of phases.flatMap(({ loads }) => loads)) {
    if (sender !== pod || guaranteeBits === null) continue;
    return ` and gets ${percent(rateBits / guaranteeBits)} of its ${megabits(guaranteeBits)} Mbit/s`;
  }
  return "";
}
