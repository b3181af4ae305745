/** Runs the rows: those that change nothing several at a time, with the whole node compared after each few; stories beside each other, or alone. */
import { judge, Unmet } from "./judge.ts";
import type { Row, StillRow, StoryRow } from "./row.ts";
import { Unprepared } from "./unprepared.ts";
import { type Json, type Network, type Pod, World } from "./world.ts";

export interface Outcome {
  id: string;
  /** `unprepared`: what it needs did not work, so it was not run. */
  state: "met" | "unmet" | "unprepared";
  why: string;
}

const still = 8;
const storiesAtOnce = 3;

function outcomeOf(id: string, error: unknown): Outcome {
  const why = error instanceof Error ? error.message : String(error);
  // What a row's own look at the node cannot read is not as it should be either.
  return { id, state: error instanceof Unprepared ? "unprepared" : "unmet", why };
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
async function makeStage(): Promise<Stage> {
  const world = new World();
  try {
    const [network, ipam] = [world.network({ name: "pods" }), world.ipamNetwork({ name: "pods" })];
    const [kept, asked] = [world.pod(), world.pod()];
    await world.must("ADD", kept, network);
    await world.must("ADD", kept, ipam, { as: "fairway-ipam" });
    // Its first look at the kernel's parts is kept for the time of a boot.
    await world.must("STATUS", null, network);
    return { world, network, ipam, kept, asked, before: world.dump(kept, asked) };
  } catch (error) {
    world.close();
    throw error;
  }
}

async function runStill(stage: Stage, row: StillRow): Promise<Outcome> {
  try {
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
    return { id: row.id, state: "met", why: "" };
  } catch (error) {
    return outcomeOf(row.id, error);
  }
}

/** Those that answered wrongly are to blame for what changed; if none did, all of them are. */
function blame(outcomes: Outcome[]): Outcome[] {
  if (outcomes.some(({ state }) => state === "unmet")) return outcomes;
  return outcomes.map(({ id }) => ({
    id,
    state: "unmet",
    why: `the node changed, by this row or one of ${outcomes.map((each) => each.id).join(", ")}`,
  }));
}

async function runStills(rows: readonly StillRow[], tell: (outcome: Outcome) => void) {
  let stage: Stage | null = null;
  try {
    for (let first = 0; first < rows.length; first += still) {
      const some = rows.slice(first, first + still);
      try {
        stage ??= await makeStage();
      } catch (error) {
        const why = `no node for it: ${error instanceof Error ? error.message : error}`;
        for (const { id } of some) tell({ id, state: "unprepared", why });
        continue;
      }
      const { world, kept, asked, before }: Stage = stage;
      const outcomes = await Promise.all(some.map((row) => runStill(stage as Stage, row)));
      if (world.dump(kept, asked) === before) {
        for (const outcome of outcomes) tell(outcome);
        continue;
      }
      for (const outcome of blame(outcomes)) tell(outcome);
      world.close();
      stage = null;
    }
  } finally {
    stage?.world.close();
  }
}

async function runStory(world: World, row: StoryRow): Promise<Outcome> {
  try {
    await row.run(world);
    return { id: row.id, state: "met", why: "" };
  } catch (error) {
    return outcomeOf(row.id, error);
  }
}

async function runStories(rows: readonly StoryRow[], atOnce: number, tell: (o: Outcome) => void) {
  if (rows.length === 0) return;
  const world = new World();
  const waiting = [...rows];
  const next = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift())
      tell(await runStory(world, row));
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, next));
  } finally {
    world.close();
  }
}

/** One after the other on one node, for as long as each leaves it as it was. */
async function runAlone(rows: readonly StoryRow[], tell: (outcome: Outcome) => void) {
  let world: World | null = null;
  try {
    for (const row of rows) {
      world ??= new World();
      const outcome = await runStory(world, row);
      tell(outcome);
      if (outcome.state === "met") continue;
      world.close();
      world = null;
    }
  } finally {
    world?.close();
  }
}

/** `tell` hears of each row once, in the order in which they end. */
export async function runRows(rows: readonly Row[], tell: (outcome: Outcome) => void) {
  const stories = rows.filter((row) => row.kind === "story");
  await Promise.all([
    runStills(
      rows.filter((row) => row.kind === "still"),
      tell,
    ),
    runStories(
      stories.filter((row) => !row.alone),
      storiesAtOnce,
      tell,
    ),
  ]);
  await runAlone(
    stories.filter((row) => row.alone),
    tell,
  );
}
