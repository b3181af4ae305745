/** What a scrape of the agent's metrics takes, and how large it is. */

import { agentSide } from "../agent-side.ts";
import { fillNode } from "../fill.ts";
import type { Part, PartContext } from "../part.ts";
import { withSides } from "../side.ts";

const QUICK_PODS = 10;

async function scrapes(context: PartContext, pods: number): Promise<void> {
  const { builds, scratch, quick, rounds, recorder, progress, signal } = context;
  const { binary, launcher } = builds;
  if (launcher === null) return recorder.note("not measured: there is no launcher");
  await withSides([agentSide(launcher, binary, {})], scratch, async (sides) => {
    for (const side of sides) {
      if (side.agent === null) continue;
      progress(`adding ${pods} pods`);
      await fillNode(side, quick ? QUICK_PODS : pods);
      const { socket } = side.agent;
      for (let round = 0; round < rounds; round++) {
        signal.throwIfAborted();
        const fromMs = performance.now();
        const response = await fetch("http://agent/metrics", { unix: socket });
        const text = await response.text();
        const tookMs = performance.now() - fromMs;
        if (!response.ok) throw new Error(text);
        recorder.add("a scrape", side.name, "ms", tookMs);
        recorder.add("its size", side.name, "MiB", text.length / 2 ** 20);
        await Bun.sleep(quick ? 0 : 200);
      }
    }
  });
}

const scrapePart = (id: string, pods: number): Part => ({
  id: `l-${id}`,
  title: `A scrape of the metrics, with ${pods.toLocaleString("en-US")} pods`,
  method:
    "Over the agent's Unix socket, from the request to the last byte; the first one loads what writes them. Pods have fifty interfaces in a namespace, and send nothing.",
  rounds: 50,
  quickRounds: 2,
  run: (context) => scrapes(context, pods),
});

/** The kernel gives a bridge 1,023 ports, so a node that has a bridge of Fairway's has no more pods than that. */
export const scrapeParts: Part[] = [
  scrapePart("scrape-250", 250),
  scrapePart("scrape-1000", 1_000),
];
