/** What is set beside what, and what is wanted of it: the figures that issues and readers ask for, as data. */
import { directions } from "../../src/plan/node.ts";
import { driftNames } from "./parts/drift.ts";
import { firstName } from "./parts/first.ts";
import { classCounts, classesName, cpuOf, flowCounts, throughputOf } from "./parts/packets.ts";
import { restNames } from "./parts/rest.ts";
import { leasesName, podsName } from "./parts/scale.ts";
import { verbs } from "./parts/verbs.ts";
import { otherBuild, sideNames } from "./sides.ts";

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

const { fairway, fairwayMasquerade, agent, agentMasquerade, launcher } = sideNames;
const { ptp, bridge, plain, bandwidth } = sideNames;

const atMost = (ratio: number, stretch?: number): Wanted =>
  stretch === undefined ? { kind: "atMost", ratio } : { kind: "atMost", ratio, stretch };
const atLeast = (ratio: number, stretch?: number): Wanted =>
  stretch === undefined ? { kind: "atLeast", ratio } : { kind: "atLeast", ratio, stretch };

/** As far as it can be told. */
const notSlower: Wanted = { ...atMost(1), intervalCounts: true };

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
  ...chainsByAgent("a", "ADD", atMost(0.5, 0.35), atMost(0.2)),
  ...chainsByAgent("a", "CHECK", atMost(0.5, 0.3), null),
  ...chainsByAgent("a", "DEL", atMost(0.15, 0.1), atMost(0.1)),
  ...chains("h", firstName, null, null),
  ...chainsByAgent("h", firstName, atMost(1), null),
  ...verbs.flatMap((verb) => [
    { part: "i", what: verb, ours: launcher, theirs: fairway, wanted: notSlower },
    { part: "i", what: verb, ours: launcher, theirs: otherBuild(fairway), wanted: notSlower },
    { part: "i", what: verb, ours: fairway, theirs: otherBuild(fairway), wanted: notSlower },
  ]),
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

/** Of the values themselves. */
export interface Bound {
  part: string;
  what: string;
  side: string;
  of: "sum" | "median" | "largest";
  atMost: number;
}

const burstsOf = (pods: number, sides: readonly string[]): Bound[] =>
  ["ADD, failures", "DEL, failures"].flatMap((what) =>
    sides.map((side): Bound => ({ part: `b-${pods}`, what, side, of: "sum", atMost: 0 })),
  );

const resting = (what: string, of: Bound["of"], bound: number): Bound => ({
  part: "j-rest",
  what,
  side: agent,
  of,
  atMost: bound,
});

const drifting = (id: string, slowestMs: number): Bound[] => [
  { part: `k-${id}`, what: driftNames.missed, side: driftNames.all, of: "sum", atMost: 0 },
  {
    part: `k-${id}`,
    what: driftNames.slowest,
    side: driftNames.all,
    of: "largest",
    atMost: slowestMs,
  },
];

/** In a pod a period passes, and then the look and the repair. */
const inPodMs = 31_000;

export const bounds: readonly Bound[] = [
  ...[50, 250].flatMap((pods) =>
    burstsOf(pods, [fairway, fairwayMasquerade, agent, agentMasquerade]),
  ),
  ...burstsOf(500, [fairway, agent, launcher]),
  resting(restNames.processor, "median", 0.3),
  resting(restNames.resident, "largest", 100),
  { part: "j-long", what: restNames.growth, side: agent, of: "largest", atMost: 5 },
  { part: "j-long", what: restNames.descriptorGrowth, side: agent, of: "largest", atMost: 2 },
  ...drifting("node", 1_000),
  ...drifting("node-250", 1_000),
  ...drifting("pods", inPodMs),
];
