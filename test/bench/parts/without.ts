/** Where there is no agent: what the launcher costs then, and whether a build is slower than another one. */
import { launcherAloneSide } from "../agent-side.ts";
import type { Part } from "../part.ts";
import { inRounds, settle } from "../rounds.ts";
import { withSides } from "../side.ts";
import { ofBuilds } from "../sides.ts";
import { verbs } from "./verbs.ts";

export const withoutPart: Part = {
  id: "i",
  title: "Without an agent",
  method:
    "As in (a). The launcher finds that nobody listens, and executes the whole executable. Another build is beside them where one was named (`--binary`).",
  rounds: 40,
  quickRounds: 1,
  run: ({ builds, scratch, rounds, recorder, signal }) => {
    const { binary, launcher } = builds;
    const specs = ofBuilds(builds, {});
    if (launcher === null) recorder.note("the launcher was not measured: it is not built");
    else specs.push(launcherAloneSide(launcher, binary, {}));
    return withSides(specs, scratch, async (sides) => {
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
      });
    });
  },
};
