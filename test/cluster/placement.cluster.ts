/** The real scheduler and a hundred nodes that are objects: what it binds fits. scripts/simulate-scheduler has more. */
import { expect, test } from "bun:test";
import { planOf } from "../scale/plan.ts";
import { sides } from "../scale/sides.ts";
import { simulate } from "../scale/simulate.ts";
import { hasApiServer } from "./tools.ts";

const title = "500 pods are bound where their bandwidth fits, and the others are told why";

test.skipIf(!hasApiServer)(
  hasApiServer ? title : `${title} (needs Go)`,
  async () => {
    const plan = planOf({ nodes: 100, pods: 500, seed: 1, share: 0.95 });
    // More than any node has.
    plan.pods.push({ name: "giant", mbps: { egress: 25_000, ingress: 1 } });
    const side = sides.find(({ id }) => id === "most");
    if (side === undefined) throw new Error("there is no such side");
    const { verdict, isWhole } = await simulate({ plan, side, limitMs: 90_000 });
    const { bound, pending, used, smallest } = verdict;
    console.log(JSON.stringify({ bound, pending, used, smallest }, null, 1));
    expect(isWhole).toBe(true);
    expect(verdict).toMatchObject({ overfull: [], refused: 0, needless: [], undecided: 0 });
    expect(bound + pending).toBe(501);
    expect(pending).toBeGreaterThan(0);
    expect(smallest?.why).toMatch(
      /^0\/100 nodes are available: .*\d+ Insufficient fairway\.dev\/(e|in)gress-mbps/,
    );
  },
  120_000,
);
