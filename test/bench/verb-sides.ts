/** All whose verbs are compared: Fairway by itself and with an agent, with and without masquerade, and two chains. */
import { agentSide } from "./agent-side.ts";
import type { SideSpec } from "./side.ts";
import { type Builds, bridgeSide, ofBuilds, ptpSide, sideNames, usualLimit } from "./sides.ts";

export function verbSides(builds: Builds): SideSpec[] {
  const { binary, launcher, reference } = builds;
  const masqueraded = { name: sideNames.bridge, masquerade: true, limit: usualLimit };
  const asked = [{}, { masquerade: true }];
  return [
    ...asked.flatMap((options) => ofBuilds(builds, options)),
    ...(launcher === null ? [] : asked.map((options) => agentSide(launcher, binary, options))),
    ...(reference === null ? [] : [ptpSide(reference), bridgeSide(reference, masqueraded)]),
  ];
}
