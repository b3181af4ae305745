/** The kill sweep, for Fairway and for the reference chain: sweep-main.ts RESULT_FILE ROUNDS SEED */
import { writeFileSync } from "node:fs";
import { withNode } from "../support/node.ts";
import { hasReference } from "../support/reference.ts";
import { directCall, fairwayChain, type Leaks, pointsOf } from "./support/fairway-chain.ts";
import { randomOf } from "./support/random.ts";
import { type ReferenceLeaks, referenceChain } from "./support/reference-chain.ts";
import { type SweepCounts, sweep } from "./support/sweep.ts";

export interface SweepResult {
  seeds: number[];
  fairway: { counts: SweepCounts; leaks: Leaks };
  /** null: there is no Go here, so there is no reference. */
  reference: { counts: SweepCounts; leaks: ReferenceLeaks } | null;
}

const [, , file = "/dev/stdout", rounds = "1000", seed = "1"] = process.argv;
const shape = { rounds: Number(rounds), workers: 10, perLook: 100 };
let fairway: SweepResult["fairway"] | undefined;
let reference: SweepResult["reference"] = null;

await withNode(
  async (node) => {
    const random = randomOf(Number(seed));
    const chain = fairwayChain(node, directCall(node, pointsOf(node), random));
    const counts = await sweep(chain, { ...shape, canStep: true, random });
    fairway = { counts, leaks: chain.leaks };
  },
  { ipam: { subnet: "198.19.16.0/20", routes: [{ dst: "0.0.0.0/0" }] } },
);
if (hasReference("bridge", "host-local", "bandwidth"))
  await withNode(async (node) => {
    const random = randomOf(Number(seed));
    const chain = referenceChain(node);
    const counts = await sweep(chain, { ...shape, canStep: false, random });
    reference = { counts, leaks: chain.leaks };
  });
writeFileSync(file, JSON.stringify({ seeds: [Number(seed)], fairway, reference }, null, 2));
