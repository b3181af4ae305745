/** What is set beside what, and what is wanted of it: the figures that issues and readers ask for, as data. */
import { directions } from "../../src/plan/node.ts";
import { classCounts, classesName, cpuOf, flowCounts, throughputOf } from "./parts/packets.ts";
import { leasesName, podsName } from "./parts/scale.ts";
import { verbs } from "./parts/verbs.ts";
import { sideNames } from "./sides.ts";

/** Of the ratio ours / theirs. */
export interface Wanted {
  kind: "atMost" | "atLeast";
  ratio: number;
  /** What is aimed at beyond. */
  stretch?: number;
  /** Reached, too, where only the interval reaches it. */
  intervalCounts?: true;
}

export interface Comparison {
  part: string;
  what: string;
  ours: string;
  theirs: string;
  wanted: Wanted | null;
}

const { fairway, fairwayMasquerade, agent, agentMasquerade, ptp, bridge, plain, bandwidth } =
  sideNames;

const atMost = (ratio: number, stretch?: number): Wanted =>
  stretch === undefined ? { kind: "atMost", ratio } : { kind: "atMost", ratio, stretch };
const atLeast = (ratio: number, stretch?: number): Wanted =>
  stretch === undefined ? { kind: "atLeast", ratio } : { kind: "atLeast", ratio, stretch };

/** Two sides of Fairway's, the second with masquerade, each against the chain that does the same. */
const against =
  (ours: string, oursMasquerade: string) =>
  (
    part: string,
    what: string,
    besidePtp: Wanted | null,
    besideBridge: Wanted | null,
  ): Comparison[] => [
    { part, what, ours, theirs: ptp, wanted: besidePtp },
    { part, what, ours: oursMasquerade, theirs: bridge, wanted: besideBridge },
  ];
const chains = against(fairway, fairwayMasquerade);
const chainsByAgent = against(agent, agentMasquerade);

const ofPackets = (part: string): Comparison[] =>
  flowCounts.flatMap((flows) => [
    ...classCounts.flatMap((classes): Comparison[] => {
      const ours = classesName(fairway, classes);
      const isJudged = flows === 8;
      return [
        {
          part,
          what: throughputOf(flows),
          ours,
          theirs: plain,
          wanted: isJudged ? atLeast(0.9, 0.95) : null,
        },
        {
          part,
          what: throughputOf(flows),
          ours,
          theirs: bandwidth,
          wanted: { ...atLeast(1), intervalCounts: true },
        },
        { part, what: cpuOf(flows), ours, theirs: plain, wanted: isJudged ? atMost(1.1) : null },
      ];
    }),
    {
      part,
      what: throughputOf(flows),
      ours: classesName(fairway, 500),
      theirs: classesName(fairway, 10),
      wanted: { ...atLeast(0.9) },
    },
  ]);

export const comparisons: readonly Comparison[] = [
  ...chains("a", "ADD", atMost(0.8, 0.6), atMost(0.5, 0.35)),
  ...chains("a", "CHECK", atMost(1), atMost(1)),
  ...chains("a", "DEL", atMost(0.4, 0.3), atMost(0.25, 0.15)),
  ...chainsByAgent("a", "the first ADD of a node", atMost(1), null),
  ...chainsByAgent("a", "ADD", atMost(0.5, 0.35), atMost(0.2)),
  ...chainsByAgent("a", "CHECK", atMost(0.5, 0.3), null),
  ...chainsByAgent("a", "DEL", atMost(0.15, 0.1), atMost(0.1)),
  ...[50, 250].flatMap((pods) => [
    ...chains(`b-${pods}`, "ADD of all", pods === 250 ? atMost(0.9) : null, null),
    ...chains(`b-${pods}`, "ADD, p50", null, null),
    ...chains(`b-${pods}`, "ADD, p99", pods === 250 ? atMost(1) : null, null),
    ...chains(`b-${pods}`, "DEL of all", null, null),
    ...chainsByAgent(`b-${pods}`, "ADD of all", pods === 250 ? atMost(0.5) : null, null),
    ...chainsByAgent(`b-${pods}`, "ADD, p99", pods === 250 ? atMost(0.6) : null, null),
  ]),
  ...[100, 500].map((pods): Comparison => {
    const sides = { ours: podsName(fairway, pods), theirs: podsName(fairway, 0) };
    return { part: "c-pods", what: "ADD", ...sides, wanted: atMost(1.2) };
  }),
  ...[1_000, 60_000].map((leases): Comparison => {
    const sides = { ours: leasesName(fairway, leases), theirs: leasesName(fairway, 0) };
    return { part: "c-leases", what: "ADD", ...sides, wanted: atMost(1.2) };
  }),
  ...directions.flatMap((direction) => ofPackets(`d-${direction}`)),
  ...["round trip, p50", "round trip, p99", "as the process sees it, p50"].flatMap((what) =>
    [plain, bandwidth].map((theirs) => ({
      part: "e",
      what,
      ours: classesName(fairway, 10),
      theirs,
      wanted: null,
    })),
  ),
  ...chains("f", "all cycles", atMost(0.8), null),
  ...chainsByAgent("f", "all cycles", atMost(0.4), null),
  ...verbs.flatMap((verb) => chains("g", `${verb}: memory of the largest process`, null, null)),
  ...chains("g", "ADD, files not in memory", null, null),
];

/** Nothing may fail: series of Fairway's that have to be zero throughout. */
export const failuresOf = (part: string): { what: string; side: string }[] =>
  part.startsWith("b-")
    ? ["ADD, failures", "DEL, failures"].flatMap((what) =>
        [fairway, fairwayMasquerade].map((side) => ({ what, side })),
      )
    : [];
