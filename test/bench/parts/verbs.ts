import { recordLog } from "../log-lines.ts";
import type { Part } from "../part.ts";
import type { Verb } from "../plugin.ts";
import { inRounds, settle } from "../rounds.ts";
import { withSides } from "../side.ts";
import { verbSides } from "../sides.ts";

export const verbs: readonly Verb[] = ["ADD", "CHECK", "DEL"];

export const verbsPart: Part = {
  id: "a",
  title: "ADD, CHECK and DEL, one by one",
  method:
    "One pod is on every node already; another one is added, checked and removed, 60 ms apart, on each side in turn.",
  rounds: 25,
  quickRounds: 2,
  run: ({ builds, scratch, rounds, recorder, signal }) =>
    withSides(verbSides(builds), scratch, async (sides) => {
      const prepared = sides.map((side) => {
        recorder.add(
          "the first ADD of a node",
          side.name,
          "ms",
          side.run("ADD", side.pod("first")),
        );
        return { side, pod: side.pod("pod") };
      });
      await inRounds(prepared, { rounds, warmUps: 2, signal }, ({ side, pod }, counted) => {
        for (const verb of verbs) {
          const ms = side.run(verb, pod);
          if (counted) recorder.add(verb, side.name, "ms", ms);
          settle();
        }
        recordLog(side, counted, recorder);
      });
    }),
};
