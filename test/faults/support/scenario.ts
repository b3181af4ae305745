/** One verb in one situation: what the table of faults has a row for. */
import type { Ended } from "../../support/node.ts";
import type { FaultEnv, World } from "./world.ts";

type Json = Record<string, unknown>;

/** "either": what it was or what it was to be, and nothing between. */
type Reached = "before" | "done" | "either";

export interface Scenario {
  verb: string;
  title: string;
  /** Its verbs go through launcher and agent, and the faults are the agent's. */
  isLaunched?: boolean;
  /** Over the node's; `root`: the folder of all that it may write. */
  config?(root: string): Json;
  /** Once. */
  prepare?(world: World): void;
  /** Before each try, from whatever an earlier one ended in: always to the same state. */
  setUp(world: World): void;
  act(world: World, fault: FaultEnv): Ended;
  /** What it prints when nothing fails, to the letter; without it: whatever it printed the first time. */
  says?: string;
  /** Whether an error (not a death) has to leave all as it was; "either": that, or as it was to be. */
  isAtomic: boolean | "either";
  /** What makes good what a failure left, where anything is. */
  recovery: { words: string; run(world: World): void; to: Reached };
}
