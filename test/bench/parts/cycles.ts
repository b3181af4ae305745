import type { Part } from "../part.ts";
import { inRounds, settle } from "../rounds.ts";
import { withSides } from "../side.ts";
import { verbSides } from "../verb-sides.ts";

const CYCLES = 100;

export const cyclesPart: Part = {
  id: "f",
  title: `${CYCLES} cycles of ADD and DEL, back to back`,
  method:
    "The same pod, without a pause: what a DEL puts off is paid for by the ADD that comes after it.",
  rounds: 3,
  quickRounds: 1,
  run: ({ builds, scratch, rounds, quick, recorder, signal }) =>
    withSides(verbSides(builds), scratch, async (sides) => {
      const prepared = sides.map((side) => {
        side.run("ADD", side.pod("first"));
        return { side, pod: side.pod("pod") };
      });
      const cycles = quick ? 3 : CYCLES;
      await inRounds(prepared, { rounds, warmUps: 0, signal }, ({ side, pod }) => {
        const fromMs = performance.now();
        for (let i = 0; i < cycles; i++) {
          side.run("ADD", pod);
          side.run("DEL", pod);
        }
        recorder.add("all cycles", side.name, "ms", performance.now() - fromMs);
        settle();
      });
    }),
};
