/** Where there is no agent: what the launcher costs then, and whether a build is slower than another one. */
import { launcherAloneSide } from "../agent-side.ts";
import type { Part } from "../part.ts";
import { withSides } from "../side.ts";
import { ofBuilds } from "../sides.ts";
import { verbsInTurn } from "./verbs.ts";

export const withoutPart: Part = {
  id: "i",
  title: "Without an agent",
  method:
    "As in (a). The launcher finds that nobody listens, and executes the whole executable. Another build is beside them where one was named (`--binary`).",
  rounds: 40,
  quickRounds: 1,
  run: (context) => {
    const { builds, scratch, recorder } = context;
    const { binary, launcher } = builds;
    const specs = ofBuilds(builds, {});
    if (launcher === null) recorder.note("the launcher was not measured: it is not built");
    else specs.push(launcherAloneSide(launcher, binary, {}));
    return withSides(specs, scratch, async (sides) => {
      await verbsInTurn(context, sides);
    });
  },
};
