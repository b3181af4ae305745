/** The kill sweep through launcher and agent: launched-sweep-main.ts RESULT_FILE ROUNDS SEED */
import { writeFileSync } from "node:fs";
import { placeLauncher } from "../support/launched.ts";
import { withNode } from "../support/node.ts";
import { fairwayChain, type Leaks } from "./support/fairway-chain.ts";
import { type LaunchedFigures, launchedCall } from "./support/launched-call.ts";
import { randomOf } from "./support/random.ts";
import { type SweepCounts, sweep } from "./support/sweep.ts";

export interface LaunchedSweep {
  seed: number;
  counts: SweepCounts;
  leaks: Leaks;
  figures: LaunchedFigures;
}

const [, , file = "/dev/stdout", rounds = "1000", seed = "1"] = process.argv;

await withNode(
  async (node) => {
    const random = randomOf(Number(seed));
    using place = await placeLauncher(node.lab.node);
    await using launched = await launchedCall(node, place, random);
    const chain = fairwayChain(node, launched.call, launched.calm);
    const shape = { rounds: Number(rounds), workers: 10, perLook: 100, canStep: true, random };
    const counts = await sweep(chain, shape);
    const { leaks } = chain;
    const result: LaunchedSweep = {
      seed: Number(seed),
      ...{ counts, leaks, figures: launched.figures() },
    };
    writeFileSync(file, JSON.stringify(result, null, 2));
  },
  { ipam: { subnet: "198.19.16.0/20", routes: [{ dst: "0.0.0.0/0" }] } },
);
