/** Many ADDs at one moment, and then as many DELs, through launchers and an agent: many-main.ts RESULT_FILE PODS */
import { writeFileSync } from "node:fs";
import { type Launched, withLaunched } from "../support/launched-node.ts";
import type { Pod } from "../support/node.ts";
import { countOf } from "./support/fairway-chain.ts";

interface AtOnce {
  seconds: number;
  longestMs: number;
  byAgent: number;
  fellBack: Record<string, number>;
}

export interface ManyFigures {
  pods: number;
  ADD: AtOnce;
  DEL: AtOnce;
  failures: string[];
}

const [, , file = "/dev/stdout", pods = "500"] = process.argv;
const failures: string[] = [];

async function atOnce(launched: Launched, verb: string, all: readonly Pod[]): Promise<AtOnce> {
  const startedMs = performance.now();
  const gone = await Promise.all(all.map((pod) => launched.verb(verb, pod)));
  for (const { code, stdout, stderr } of gone)
    if (code !== 0) failures.push(`${verb}: ${stdout}${stderr}`.slice(0, 500));
  const reasons = launched.reasons();
  const fellBack = Object.groupBy(reasons, (reason) => reason);
  return {
    seconds: (performance.now() - startedMs) / 1000,
    longestMs: Math.max(...gone.map(({ tookMs }) => tookMs)),
    byAgent: all.length - reasons.length,
    fellBack: Object.fromEntries(
      Object.entries(fellBack).map(([reason, each = []]) => [reason, each.length]),
    ),
  };
}

await withLaunched(
  async (launched) => {
    const { node } = launched;
    const all = Array.from({ length: Number(pods) }, (_, n) => node.pod(`m${n}`));
    // The base is there: an agent makes it before the first pod comes, where it knows of it.
    const first = node.pod("first");
    for (const verb of ["ADD", "DEL"]) await launched.verb(verb, first);
    launched.reasons();
    const requireAll = (wanted: number): void => {
      for (const [what, count] of Object.entries(countOf(node, node.dataDir)))
        if (count !== wanted) failures.push(`${count} ${what} for ${wanted} pods`);
      const { stdout } = node.fairway("explain");
      if (!stdout.includes("nothing to do")) failures.push(stdout.slice(0, 500));
    };
    const added = await atOnce(launched, "ADD", all);
    requireAll(all.length);
    const removed = await atOnce(launched, "DEL", all);
    requireAll(0);
    const figures: ManyFigures = { pods: all.length, ADD: added, DEL: removed, failures };
    writeFileSync(file, JSON.stringify(figures, null, 2));
  },
  { config: { ipam: { subnet: "198.19.16.0/20" } }, build: "shipped" },
);
