/** How long it takes until the agent has put back what somebody changed of what is relied on (docs/doctor.md). */
import type { Told } from "../../../src/agent/events.ts";
import { startAgent } from "../../support/agent.ts";
import { type TestNode, withNode } from "../../support/node.ts";
import { type Reliance, reliances } from "../../support/relied-on.ts";
import { annotations, happens, reliedOnConfig } from "../../support/relied-on-node.ts";
import type { Part, PartContext } from "../part.ts";

export const driftNames = {
  noticed: "noticed after",
  repaired: "repaired after",
  slowest: "the slowest of all to be repaired",
  missed: "not repaired",
  /** The side of the two above. */
  all: "all",
} as const;

const AT_ONCE = 10;
/** The looks that an agent begins with are over. */
const BEGUN_MS = 3_000;
const LIMIT_MS = 90_000;
/** So far apart, and by chance up to as much more: what is read every half second is met at any moment of it. */
const APART_MS = 500;
const POLL_MS = 5;

type Repaired = Extract<Told, { event: "repaired" }> & { time: number };

/** The lines of the agent's log that say so. */
const repairedIn = (log: string): Repaired[] =>
  log
    .split("\n")
    .filter((line) => line.includes('"event":"repaired"'))
    .map((line) => JSON.parse(line) as Repaired);

function wayOf({ pod }: Reliance, { causes }: Repaired): string {
  if (pod !== undefined) return "each pod is looked into, every 30 s";
  return causes.length === 0 ? "settings are read, every 0.5 s" : "the kernel tells";
}

/** null means that it was not repaired in time. */
async function repairedAfter(
  { title, says }: Reliance,
  from: number,
  log: () => string,
): Promise<Repaired | null> {
  for (const untilMs = performance.now() + LIMIT_MS; performance.now() < untilMs; ) {
    const found = repairedIn(log()).slice(from);
    const ours = found.find(({ what }) => what.join("\n").includes(says));
    if (ours !== undefined) return ours;
    await Bun.sleep(POLL_MS);
  }
  process.stderr.write(`   ${title}: not repaired within ${LIMIT_MS / 1_000} s\n`);
  return null;
}

async function fill(node: TestNode, count: number): Promise<void> {
  const waiting = Array.from({ length: count }, (_, i) => node.pod(`p${i}`));
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
      const { code, stdout } = await node.start("ADD", pod);
      if (code !== 0) throw new Error(stdout);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Every group under an agent of its own: what comes back too often it leaves for a while. */
async function breakEach(
  context: PartContext,
  node: TestNode,
  pod: ReturnType<TestNode["pod"]>,
  rows: readonly Reliance[],
): Promise<number> {
  const { recorder, signal, quick } = context;
  await using agent = await startAgent(node);
  await Bun.sleep(BEGUN_MS);
  let slowestMs = 0;
  for (const row of quick ? rows.slice(0, 1) : rows) {
    signal.throwIfAborted();
    await Bun.sleep(APART_MS * (1 + Math.random()));
    const from = repairedIn(agent.log()).length;
    const beganMs = Date.now();
    happens(row, node, pod);
    const repaired = await repairedAfter(row, from, agent.log);
    recorder.add(driftNames.missed, driftNames.all, "count", repaired === null ? 1 : 0);
    if (repaired === null) continue;
    const tookMs = repaired.time - beganMs;
    const side = `${row.title}: ${wayOf(row, repaired)}`;
    recorder.add(driftNames.noticed, side, "ms", Math.max(0, tookMs - repaired.afterMs));
    recorder.add(driftNames.repaired, side, "ms", tookMs);
    slowestMs = Math.max(slowestMs, tookMs);
  }
  return slowestMs;
}

/** What has an undo is the operator's to mend. */
const ours = reliances.filter(({ undo }) => undo === undefined);

function driftPart(id: string, pods: number, isInPod: boolean, usualRounds: number): Part {
  const where = isInPod ? "inside of a pod" : "on the node";
  const rows = ours.filter((row) => (row.pod !== undefined) === isInPod);
  return {
    id: `k-${id}`,
    title: `Drift ${where} is repaired, with ${pods} pods`,
    method: `Each of what is relied on ${where} (docs/doctor.md) is broken under an agent, in turn. The time is from before the command that breaks it until the agent's log says that it was repaired; it was noticed when the kernel told of it, when the setting was read, or when the pod was looked into. Where pods are looked into, the next is broken right after the last was repaired, so that the whole period is waited for.`,
    rounds: usualRounds,
    quickRounds: 1,
    run: (context) =>
      withNode(async (node) => {
        const { quick, rounds, recorder, progress } = context;
        const pod = node.pod("a");
        node.add(pod, { annotations });
        await fill(node, quick ? 1 : pods - 1);
        for (let round = 0; round < rounds; round++) {
          let slowestMs = 0;
          for (const group of new Set(rows.map((row) => row.group))) {
            progress(`round ${round + 1}: ${group}`);
            const ofGroup = rows.filter((row) => row.group === group);
            slowestMs = Math.max(slowestMs, await breakEach(context, node, pod, ofGroup));
          }
          recorder.add(driftNames.slowest, driftNames.all, "ms", slowestMs);
        }
      }, reliedOnConfig),
  };
}

export const driftParts: Part[] = [
  driftPart("node", 2, false, 5),
  driftPart("node-250", 250, false, 3),
  driftPart("pods", 2, true, 1),
];
