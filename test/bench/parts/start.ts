import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../support/binary.ts";
import type { Part } from "../part.ts";
import { execute } from "../plugin.ts";
import { inRounds } from "../rounds.ts";
import { withSides } from "../side.ts";
import { fairwaySide } from "../sides.ts";
import { stages, stageVariable, untilHere, wholeAdd } from "../start/names.ts";

/** Compiled by scripts/bench-start, as scripts/build compiles the plugin. */
const folder = join(repository, "dist/bench-start");
const programs = { empty: join(folder, "empty"), stages: join(folder, "stages") };

export const startPart: Part = {
  id: "start",
  title: "What a start costs",
  method:
    "The plugin's own modules, compiled as it is, ended after each stage of an ADD; a stage's own cost is the difference to the stage before it.",
  rounds: 30,
  quickRounds: 2,
  run: ({ builds, scratch, rounds, recorder, signal }) => {
    if (!Object.values(programs).every((file) => existsSync(file))) {
      recorder.note("not measured: scripts/bench-start builds the programs that it needs");
      return Promise.resolve();
    }
    return withSides([fairwaySide(builds.binary)], scratch, async ([side]) => {
      if (side === undefined) return;
      side.run("ADD", side.pod("first"));
      const pod = side.pod("pod");
      /** As an ADD, but by the program that ends earlier. */
      const reach = (name: string): number =>
        side.run("ADD", pod, (execution, place) => {
          const file = name === "runtime" ? programs.empty : programs.stages;
          const { ms } = execute({ ...execution, file, env: { [stageVariable]: name } }, place);
          return { ms, stdout: "{}" };
        });
      const whole = (): number => {
        const ms = side.run("ADD", pod);
        side.run("DEL", pod);
        return ms;
      };
      const turns = [
        ...stages.map(({ name }) => ({ name: name as string, measure: () => reach(name) })),
        { name: wholeAdd, measure: whole },
      ];
      await inRounds(turns, { rounds, warmUps: 2, signal }, ({ name, measure }, counted) => {
        const ms = measure();
        if (counted) recorder.add(untilHere, name, "ms", ms);
      });
    });
  },
};
