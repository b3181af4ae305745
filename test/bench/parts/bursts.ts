import { percentile } from "../../../src/prove/judge/statistics.ts";
import type { Part, PartContext } from "../part.ts";
import type { BenchPod, Verb } from "../plugin.ts";
import { inRounds } from "../rounds.ts";
import { type Side, withSides } from "../side.ts";
import { verbSides } from "../verb-sides.ts";

const AT_ONCE = 10;

interface Burst {
  wallMs: number;
  /** Of those that succeeded. */
  podMs: number[];
  failures: string[];
}

/** One verb of all pods, so many at once. What fails is counted, and the others go on. */
async function burst(side: Side, verb: Verb, pods: readonly BenchPod[]): Promise<Burst> {
  const waiting = [...pods];
  const podMs: number[] = [];
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
      try {
        podMs.push(await side.runBeside(verb, pod));
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const fromMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { wallMs: performance.now() - fromMs, podMs, failures };
}

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

function burstPart(pods: number, usualRounds: number): Part {
  return {
    id: `b-${pods}`,
    title: `${pods} pods, ${AT_ONCE} at a time`,
    method: `All pods of a side are added, then all are removed, ${AT_ONCE} at a time; then it is the next side's turn. A pod's time is from the start of its first plugin to the end of its last.`,
    rounds: usualRounds,
    quickRounds: 1,
    run: (context) =>
      withSides(verbSides(context.builds), context.scratch, async (sides) => {
        const count = context.quick ? AT_ONCE : pods;
        const prepared = sides.map((side) => {
          side.run("ADD", side.pod("first"));
          return { side, pods: Array.from({ length: count }, (_, i) => side.pod(`p${i}`)) };
        });
        const { rounds, signal } = context;
        const turns = { rounds, warmUps: 0, signal };
        await inRounds(prepared, turns, async ({ side, pods: all }) => {
          for (const verb of ["ADD", "DEL"] as const) {
            recordBurst(context, side, verb, await burst(side, verb, all));
            // What the kernel puts off of so many is more.
            await Bun.sleep(500);
          }
        });
      }),
  };
}

export const burstParts: Part[] = [burstPart(50, 6), burstPart(250, 3)];
