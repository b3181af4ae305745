import { type Family, families } from "../../plan/ip.ts";
import { type Direction, directions } from "../../plan/node.ts";
import type { Check, Load, Phase, Scenario } from "../engine/scenario.ts";
import {
  bestEffort,
  guaranteed,
  keeps,
  mega,
  paced,
  steadyInItsClass,
  tcp,
  usualGuarantee,
  usualWire,
} from "./common.ts";

const over = <L extends Load>(family: Family, load: L): L => ({ ...load, family });
const phaseName = (direction: Direction, family: Family): string => `${direction} IPv${family}`;
/** What a pod sends to another pod. It is enough to see that it arrives, over each family. */
const eachWayBits = 20 * mega;
const neighbours = "pod to pod";

/** The noisy pod sends over both families at once, the steady one over this one. */
const filled = (direction: Direction, family: Family): Phase => ({
  name: phaseName(direction, family),
  loads: {
    ...Object.fromEntries(
      families.map((each) => [`noisy IPv${each}`, over(each, tcp("noisy", direction, 4))]),
    ),
    steady: over(family, tcp("steady", direction, 4)),
  },
  seconds: 2,
  fills: [direction],
});

/** The share is lower here: in a short phase the moments of counting are a larger part. */
const inItsClass = (direction: Direction, family: Family): Check =>
  steadyInItsClass(phaseName(direction, family), direction, 0.95);

const each = <T>(make: (direction: Direction, family: Family) => T): T[] =>
  directions.flatMap((direction) => families.map((family) => make(direction, family)));

export const dualStack: Scenario[] = [
  {
    name: "dual-stack",
    shows:
      "Pods with an address of each family reach each other and the remote host over both, and a pod has its guarantee in either while another pod's flows take all they can get in both.",
    wireBits: usualWire,
    dualStack: true,
    pods: [guaranteed("steady", usualGuarantee), bestEffort("noisy")],
    phases: [
      {
        name: neighbours,
        loads: Object.fromEntries(
          families.map((family) => [
            `IPv${family}`,
            { ...over(family, paced("steady", "egress", eachWayBits)), to: "noisy" },
          ]),
        ),
        seconds: 1,
      },
      ...each(filled),
    ],
    checks: [
      ...families.map((family) =>
        keeps(
          `${neighbours}, IPv${family}: what arrived, of what was sent`,
          neighbours,
          `IPv${family}`,
          eachWayBits,
        ),
      ),
      ...each((direction, family) =>
        keeps(
          `${phaseName(direction, family)}: steady pod, of its guarantee`,
          phaseName(direction, family),
          "steady",
          usualGuarantee,
        ),
      ),
      ...each(inItsClass),
    ],
    beside: true,
  },
];
