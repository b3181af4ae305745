/** What an agent takes where nothing is asked of it, and whether it grows where much is. */
import { agentSide } from "../agent-side.ts";
import { burst } from "../burst.ts";
import type { Part, PartContext } from "../part.ts";
import { type Side, type SideAgent, withSides } from "../side.ts";
import { type Memory, memoryOf, processorSeconds } from "../usage.ts";
import { verbs } from "./verbs.ts";

const PODS = 250;
const QUICK_PODS = 10;
const AT_ONCE = 10;
const THOUSAND = 1_000;
const QUICK_THOUSAND = 30;

/** So long a look is taken at an agent of which nobody asks anything. */
const RESTING_MS = 60_000;
/** What the pods' coming leads to is over after this time: looks, and the runtime's own tidying. */
const BEFORE_REST_MS = 90_000;
const QUICK_MS = 1_000;

export const restNames = {
  processor: "processor time while nothing happens",
  resident: "resident memory while nothing happens",
  own: "of it its own",
  descriptors: "descriptors",
  growth: "resident memory, growth after the first two thousand verbs",
  descriptorGrowth: "descriptors, growth after the first two thousand verbs",
} as const;

interface Resident {
  side: Side;
  agent: SideAgent;
}

/** One node with an agent and many pods, each in a namespace of its own. */
async function withResident(
  { builds, scratch, quick, progress, recorder }: PartContext,
  use: (resident: Resident) => Promise<void>,
): Promise<void> {
  const { binary, launcher } = builds;
  if (launcher === null) return recorder.note("not measured: there is no launcher");
  await withSides([agentSide(launcher, binary, {})], scratch, async (sides) => {
    for (const side of sides) {
      if (side.agent === null) continue;
      const count = quick ? QUICK_PODS : PODS;
      progress(`adding ${count} pods`);
      const pods = Array.from({ length: count }, (_, i) => side.pod(`p${i}`));
      const { failures } = await burst(side, "ADD", pods, AT_ONCE);
      if (failures[0] !== undefined) throw new Error(failures[0]);
      await use({ side, agent: side.agent });
    }
  });
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs; ) {
    signal.throwIfAborted();
    await Bun.sleep(Math.min(200, Math.max(0, untilMs - performance.now())));
  }
}

async function rest(context: PartContext, { side, agent }: Resident): Promise<void> {
  const { quick, rounds, recorder, signal, progress } = context;
  await sleepFor(quick ? QUICK_MS : BEFORE_REST_MS, signal);
  for (let round = 0; round < rounds; round++) {
    const fromSeconds = processorSeconds(agent.pid);
    const fromMs = performance.now();
    await sleepFor(quick ? QUICK_MS : RESTING_MS, signal);
    const took = (processorSeconds(agent.pid) - fromSeconds) * 1_000;
    const percent = (100 * took) / (performance.now() - fromMs);
    const { residentMiB, ownMiB, descriptors } = memoryOf(agent.pid);
    progress(`${percent.toFixed(2)}% of a processor, ${residentMiB.toFixed(1)} MiB`);
    recorder.add(restNames.processor, side.name, "%", percent);
    recorder.add(restNames.resident, side.name, "MiB", residentMiB);
    recorder.add(restNames.own, side.name, "MiB", ownMiB);
    recorder.add(restNames.descriptors, side.name, "count", descriptors);
  }
}

/** Which verb in a row of them: those that a pod lives through. */
function runSome(side: Side, pod: ReturnType<Side["pod"]>, from: number, count: number): void {
  for (let i = from; i < from + count; i++) side.run(verbs[i % verbs.length] ?? "CHECK", pod);
}

/** After so many thousands it is what it will be. */
const SETTLED_ROUNDS = 2;

async function serveMany(context: PartContext, { side, agent }: Resident): Promise<void> {
  const { quick, rounds, recorder, signal, progress } = context;
  const each = quick ? QUICK_THOUSAND : THOUSAND;
  const pod = side.pod("pod");
  const look = (when: string): Memory => {
    const memory = memoryOf(agent.pid);
    const { residentMiB, ownMiB, descriptors } = memory;
    progress(`${when}: ${residentMiB.toFixed(1)} MiB, ${descriptors} descriptors`);
    recorder.add(`resident memory ${when}`, side.name, "MiB", residentMiB);
    recorder.add(`own memory ${when}`, side.name, "MiB", ownMiB);
    recorder.add(`descriptors ${when}`, side.name, "count", descriptors);
    return memory;
  };
  // While verbs are served, how much garbage lies about is chance.
  const lookAtRest = async (after: string): Promise<Memory> => {
    await sleepFor(quick ? QUICK_MS : BEFORE_REST_MS, signal);
    return look(`at rest ${after}`);
  };
  const atRest: Memory[] = [];
  look("after 0 verbs");
  for (let round = 1; round <= rounds; round++) {
    await Bun.sleep(0);
    signal.throwIfAborted();
    const fromMs = performance.now();
    runSome(side, pod, (round - 1) * each, each);
    recorder.add("a verb", side.name, "ms", (performance.now() - fromMs) / each);
    const after = `after ${(round * each).toLocaleString("en-US")} verbs`;
    look(after);
    if (round === SETTLED_ROUNDS || round === rounds) atRest.push(await lookAtRest(after));
  }
  const [settled, last] = atRest;
  if (settled === undefined || last === undefined) return;
  recorder.add(restNames.growth, side.name, "MiB", last.residentMiB - settled.residentMiB);
  const more = last.descriptors - settled.descriptors;
  recorder.add(restNames.descriptorGrowth, side.name, "count", more);
}

export const restParts: Part[] = [
  {
    id: "j-rest",
    title: `The agent at rest, with ${PODS} pods`,
    method: `Every pod has a namespace of its own. Ninety seconds after the last ADD the agent's utime and stime (/proc/PID/stat) are read, and again a minute later: a round is a minute in which nobody asks anything and nothing is changed. The resident memory has the executable's pages in it, which whoever runs it shares.`,
    rounds: 5,
    quickRounds: 1,
    run: (context) => withResident(context, (resident) => rest(context, resident)),
  },
  {
    id: "j-long",
    title: "The agent over ten thousand verbs",
    method: `With ${PODS} pods on the node, one more is added, checked and removed by the launcher, without a pause. A round is a thousand verbs. Whether it has grown is seen after two thousand and after the last, each time ninety seconds later.`,
    rounds: 10,
    quickRounds: 4,
    run: (context) => withResident(context, (resident) => serveMany(context, resident)),
  },
];
