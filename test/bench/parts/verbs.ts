import { recordLog, recordSpans } from "../log-lines.ts";
import type { Part, PartContext } from "../part.ts";
import { type BenchPod, execute, type Verb } from "../plugin.ts";
import { inRounds, settle } from "../rounds.ts";
import { type Side, withSides } from "../side.ts";
import { verbSides } from "../verb-sides.ts";

export const verbs: readonly Verb[] = ["ADD", "CHECK", "DEL"];

const tracedRounds = 10;

const traced: typeof execute = (execution, place) =>
  execute({ ...execution, env: { ...execution.env, FAIRWAY_TRACE: "1" } }, place);

/** One pod is on every node already; another one gets each verb, on each side in turn. */
export async function verbsInTurn(
  { rounds, signal, recorder }: PartContext,
  sides: readonly Side[],
  after: (side: Side, counted: boolean) => void = () => {},
): Promise<{ side: Side; pod: BenchPod }[]> {
  const prepared = sides.map((side) => {
    side.run("ADD", side.pod("first"));
    return { side, pod: side.pod("pod") };
  });
  await inRounds(prepared, { rounds, warmUps: 2, signal }, ({ side, pod }, counted) => {
    for (const verb of verbs) {
      const ms = side.run(verb, pod);
      if (counted) recorder.add(verb, side.name, "ms", ms);
      settle();
    }
    after(side, counted);
  });
  return prepared;
}

export const verbsPart: Part = {
  id: "a",
  title: "ADD, CHECK and DEL, one by one",
  method:
    "One pod is on every node already; another one is added, checked and removed, 60 ms apart, on each side in turn.",
  rounds: 25,
  quickRounds: 2,
  run: (context) => {
    const { builds, scratch, recorder } = context;
    return withSides(verbSides(builds), scratch, async (sides) => {
      const prepared = await verbsInTurn(context, sides, (side, counted) =>
        recordLog(side, counted, recorder),
      );
      for (let round = 0; round < tracedRounds; round++)
        for (const { side, pod } of prepared) {
          for (const verb of verbs) {
            side.run(verb, pod, traced);
            settle();
          }
          recordSpans(side, recorder);
        }
    });
  },
};
