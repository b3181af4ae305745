/** Runs the rows: those that change nothing several at a time, with the whole node compared after each few; stories beside each other, or alone. */
import { judge, Unmet } from "./judge.ts";
import type { Row, StillRow, StoryRow } from "./row.ts";
import { emptyTranscript, type Transcript, transcripts } from "./transcript.ts";
import { Unprepared } from "./unprepared.ts";
import type { Manner, Way } from "./ways.ts";
import { type Json, type Network, type Pod, World } from "./world.ts";

export interface Outcome extends Transcript {
  id: string;
  /** `unprepared`: what it needs did not work, so it was not run. */
  state: "met" | "unmet" | "unprepared";
  why: string;
}

/** The node is compared after each so many rows that change nothing. */
const stillTogether = 8;
/** An agent serves one verb after the other, and takes none that has waited for long. */
const stillsAtOnce: Record<Way, number> = { "one-shot": 8, agent: 2 };
const storiesAtOnce: Record<Way, number> = { "one-shot": 3, agent: 2 };

export interface Run {
  way: Way;
  manner: Manner;
}

const atOnce = (of: Record<Way, number>, { way, manner }: Run): number =>
  manner === "patient" ? 1 : of[way];

type Tell = (outcome: Outcome) => void;

async function outcomeOf(id: string, run: () => Promise<void>): Promise<Outcome> {
  const transcript = emptyTranscript();
  try {
    await transcripts.run(transcript, run);
    return { id, state: "met", why: "", ...transcript };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // What a row's own look at the node cannot read is not as it should be either.
    const state = error instanceof Unprepared ? "unprepared" : "unmet";
    return { id, state, why, ...transcript };
  }
}

/** So many of them beside each other, in their order. */
async function pool<In, Out>(
  items: readonly In[],
  atOnce: number,
  act: (item: In) => Promise<Out>,
) {
  const waiting = [...items.entries()];
  const results: Out[] = [];
  const next = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift())
      results[entry[0]] = await act(entry[1]);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return results;
}

/** The newest version is known to everybody; that of the configuration is answered in where it can be read. */
function versionOf(config: Json, base: Json): unknown {
  const { cniVersion = base.cniVersion } = config;
  return cniVersion;
}

interface Stage {
  world: World;
  network: Network;
  ipam: Network;
  kept: Pod;
  asked: Pod;
  before: string;
}

/** A pod that is there and has to stay, an address of fairway-ipam, and an empty pod to ask for. */
async function makeStage({ way, manner }: Run): Promise<Stage> {
  const world = await World.open(way, manner);
  try {
    const [network, ipam] = [world.network({ name: "pods" }), world.ipamNetwork({ name: "pods" })];
    const [kept, asked] = [world.pod(), world.pod()];
    await world.must("ADD", kept, network);
    await world.must("ADD", kept, ipam, { as: "fairway-ipam" });
    // Its first look at the kernel's parts is kept for the time of a boot.
    await world.must("STATUS", null, network);
    return { world, network, ipam, kept, asked, before: world.dump(kept, asked) };
  } catch (error) {
    await world.close();
    throw error;
  }
}

const runStill = (stage: Stage, row: StillRow): Promise<Outcome> =>
  outcomeOf(row.id, async () => {
    for (const call of row.calls) {
      const base = (call.as === "fairway-ipam" ? stage.ipam : stage.network).config;
      const nobodys = ["GC", "STATUS", "VERSION"].includes(call.command);
      // Each its own container, so that none is in another's way should it be let through.
      const pod = nobodys ? null : { ...stage.asked, id: row.id.replace(/[^\w.]/g, "-") };
      const reply = await stage.world.call(call, pod, base);
      try {
        judge(reply, row, versionOf(call.config ?? {}, base));
      } catch (error) {
        const { stdin: _, ...shown } = call;
        const about = JSON.stringify(shown).slice(0, 300);
        throw new Unmet(`${error instanceof Error ? error.message : error} (of ${about})`);
      }
    }
  });

/** Those that answered wrongly are to blame for what changed; if none did, all of them are. */
function blame(outcomes: Outcome[]): Outcome[] {
  if (outcomes.some(({ state }) => state === "unmet")) return outcomes;
  return outcomes.map((outcome) => ({
    ...outcome,
    state: "unmet",
    why: `the node changed, by this row or one of ${outcomes.map((each) => each.id).join(", ")}`,
  }));
}

async function runStills(rows: readonly StillRow[], run: Run, tell: Tell) {
  let stage: Stage | null = null;
  try {
    for (let first = 0; first < rows.length; first += stillTogether) {
      const some = rows.slice(first, first + stillTogether);
      try {
        stage ??= await makeStage(run);
      } catch (error) {
        const why = `no node for it: ${error instanceof Error ? error.message : error}`;
        for (const { id } of some) tell({ id, state: "unprepared", why, ...emptyTranscript() });
        continue;
      }
      const current: Stage = stage;
      const { world, kept, asked, before } = current;
      const outcomes = await pool(some, atOnce(stillsAtOnce, run), (row) => runStill(current, row));
      if (world.dump(kept, asked) === before) {
        for (const outcome of outcomes) tell(outcome);
        continue;
      }
      for (const outcome of blame(outcomes)) tell(outcome);
      await world.close();
      stage = null;
    }
  } finally {
    await stage?.world.close();
  }
}

const runStory = (world: World, row: StoryRow): Promise<Outcome> =>
  outcomeOf(row.id, async () => row.run(world));

async function runStories(rows: readonly StoryRow[], run: Run, tell: Tell) {
  if (rows.length === 0) return;
  const world = await World.open(run.way, run.manner);
  try {
    await pool(rows, atOnce(storiesAtOnce, run), async (row) => tell(await runStory(world, row)));
  } finally {
    await world.close();
  }
}

/** One after the other on one node, for as long as each leaves it as it was. */
async function runAlone(rows: readonly StoryRow[], run: Run, tell: Tell) {
  let world: World | null = null;
  try {
    for (const row of rows) {
      world ??= await World.open(run.way, run.manner);
      const outcome = await runStory(world, row);
      tell(outcome);
      if (outcome.state === "met") continue;
      await world.close();
      world = null;
    }
  } finally {
    await world?.close();
  }
}

/** `tell` hears of each row once, in the order in which they end. */
export async function runRows(rows: readonly Row[], run: Run, tell: Tell) {
  const stills = rows.filter((row) => row.kind === "still");
  const stories = rows.filter((row) => row.kind === "story");
  const beside = stories.filter((row) => !row.alone);
  if (run.manner === "patient") {
    await runStills(stills, run, tell);
    await runStories(beside, run, tell);
  } else await Promise.all([runStills(stills, run, tell), runStories(beside, run, tell)]);
  await runAlone(
    stories.filter((row) => row.alone),
    run,
    tell,
  );
}
