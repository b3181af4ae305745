/** The first pod of a node: what all pods share is made with it, or was made before by an agent. */
import type { Part } from "../part.ts";
import { inRounds, settle } from "../rounds.ts";
import { withSides } from "../side.ts";
import { verbSides } from "../verb-sides.ts";

export const firstName = "the first ADD of a node";

export const firstPart: Part = {
  id: "h",
  title: "The first ADD of a node",
  method:
    "Each round has new nodes. Where an agent is, it was started before the pod comes, has read the network's configuration, and has made what all pods share; it has served no verb yet.",
  rounds: 25,
  quickRounds: 1,
  run: ({ builds, scratch, rounds, recorder, signal }) =>
    inRounds(verbSides(builds), { rounds, warmUps: 1, signal }, (spec, counted) =>
      withSides([spec], scratch, (sides) => {
        for (const side of sides) {
          const pod = side.pod("first");
          settle();
          const ms = side.run("ADD", pod);
          if (counted) recorder.add(firstName, side.name, "ms", ms);
        }
      }),
    ),
};
