/** Random sequences of ADD, DEL, set, CHECK, GC and set-capacity, on a kernel and on a model beside it. */
import { describe, expect, test } from "bun:test";
import { messageOf } from "../../../src/errors.ts";
import { withNode } from "../../support/node.ts";
import { nodeLayer } from "../../support/node-layer.ts";
import type { ModelNode } from "./model.ts";
import { Random } from "./random.ts";
import { configuredBits, expectAgreement, perform, type Run } from "./run.ts";
import { type Act, actText, chooseAct } from "./steps.ts";

/** Fewer addresses than pods want. */
const ipam = { subnet: "198.19.1.0/24", rangeStart: "198.19.1.2", rangeEnd: "198.19.1.9" };
const poolSize = 8;
const steps = 60;

/** FAIRWAY_MODEL_SEED=7,8 runs others. */
const seeds = (process.env.FAIRWAY_MODEL_SEED ?? "1,2,3").split(",").map(Number);
const modes: ModelNode["overcommit"][] = ["reject", "scale"];

async function sequence(overcommit: ModelNode["overcommit"], seed: number): Promise<Set<string>> {
  const uplink = {
    name: "uplink",
    egressCapacity: `${configuredBits.egress}`,
    ingressCapacity: `${configuredBits.ingress}`,
  };
  const seen = new Set<string>();
  await withNode(
    (node) => {
      using layer = nodeLayer(node);
      const capacityBits = { ...configuredBits };
      const model = { overcommit, capacityBits, poolSize, pods: new Map() };
      const run: Run = { node, layer, model, pods: new Map(), vanished: new Set() };
      const random = new Random(seed);
      const history: Act[] = [];
      for (let n = 0; n < steps; n++) {
        const all = [...model.pods.keys()];
        const reachable = all.filter((name) => !run.vanished.has(name));
        const act = chooseAct(random, model, { all, reachable }, `c${n}`);
        history.push(act);
        seen.add(act.act);
        try {
          perform(run, act);
          expectAgreement(run);
        } catch (error) {
          const told = history.map((each, at) => `${at + 1}. ${actText(each)}`).join("\n");
          throw new Error(`seed ${seed}, ${overcommit}:\n${told}\n${messageOf(error)}`);
        }
      }
    },
    { overcommit, uplink, ipam },
  );
  return seen;
}

describe.each(modes)("overcommit %s", (overcommit) => {
  test.each(seeds)(
    "after every step ledger, plan and kernel are what the model says, and no sum is above the capacity: seed %d",
    async (seed) => {
      expect(await sequence(overcommit, seed)).toContain("set");
    },
    120_000,
  );
});
