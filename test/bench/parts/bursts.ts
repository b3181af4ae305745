import { percentile } from "../../../src/prove/judge/statistics.ts";
import { launcherAloneSide } from "../agent-side.ts";
import { type Burst, burst } from "../burst.ts";
import type { Part, PartContext } from "../part.ts";
import type { Verb } from "../plugin.ts";
import { inRounds } from "../rounds.ts";
import { type Side, type SideSpec, withSides } from "../side.ts";
import type { Builds } from "../sides.ts";
import { sideNames } from "../sides.ts";
import { verbSides } from "../verb-sides.ts";

const SEVERAL = 10;

function recordBurst(
  { recorder }: PartContext,
  side: Side,
  verb: Verb,
  { wallMs, podMs, failures }: Burst,
): void {
  const sorted = podMs.toSorted((a, b) => a - b);
  recorder.add(`${verb} of all`, side.name, "ms", wallMs);
  recorder.add(`${verb}, p50`, side.name, "ms", percentile(sorted, 50) ?? Number.NaN);
  recorder.add(`${verb}, p99`, side.name, "ms", percentile(sorted, 99) ?? Number.NaN);
  recorder.add(`${verb}, failures`, side.name, "count", failures.length);
  if (failures[0] !== undefined) recorder.note(`${side.name}: ${failures[0]}`);
}

interface BurstSpec {
  pods: number;
  atOnce: number;
  rounds: number;
  sides(builds: Builds): SideSpec[];
}

/** Without those that masquerade: five hundred namespaces for each are enough. */
function allWays(builds: Builds): SideSpec[] {
  const { binary, launcher } = builds;
  const names: readonly string[] = [sideNames.fairway, sideNames.agent, sideNames.ptp];
  return [
    ...verbSides(builds).filter(({ name }) => names.includes(name)),
    ...(launcher === null ? [] : [launcherAloneSide(launcher, binary, {})]),
  ];
}

function burstPart({ pods, atOnce, rounds: usualRounds, sides: specsOf }: BurstSpec): Part {
  const manner = atOnce === pods ? "all at once" : `${atOnce} at a time`;
  return {
    id: `b-${pods}`,
    title: `${pods} pods, ${manner}`,
    method: `All pods of a side are added, then all are removed, ${manner}; then it is the next side's turn. A pod's time is from the start of its first plugin to the end of its last.`,
    rounds: usualRounds,
    quickRounds: 1,
    run: (context) =>
      withSides(specsOf(context.builds), context.scratch, async (sides) => {
        const count = context.quick ? SEVERAL : pods;
        const prepared = sides.map((side) => {
          side.run("ADD", side.pod("first"));
          return { side, pods: Array.from({ length: count }, (_, i) => side.pod(`p${i}`)) };
        });
        const { rounds, signal } = context;
        const turns = { rounds, warmUps: 0, signal };
        await inRounds(prepared, turns, async ({ side, pods: all }) => {
          for (const verb of ["ADD", "DEL"] as const) {
            recordBurst(context, side, verb, await burst(side, verb, all, atOnce));
            // What the kernel puts off of so many is more.
            await Bun.sleep(500);
          }
        });
      }),
  };
}

export const burstParts: Part[] = [
  burstPart({ pods: 50, atOnce: SEVERAL, rounds: 6, sides: verbSides }),
  burstPart({ pods: 250, atOnce: SEVERAL, rounds: 5, sides: verbSides }),
  burstPart({ pods: 500, atOnce: 500, rounds: 2, sides: allWays }),
];
