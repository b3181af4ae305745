import type { Scenario, ScenarioPod } from "../engine/scenario.ts";
import {
  bestEffort,
  guaranteed,
  idle,
  keeps,
  loaded,
  mega,
  slowdown,
  tcp,
  usualGuarantee,
  usualWire,
} from "./common.ts";

const giga = 1_000 * mega;

/** A latency target covers egress only. */
const outward = (name: string, bits: number, target: string): ScenarioPod => ({
  name,
  asks: { "egress-guarantee": String(bits), "latency-target": target },
});

/** The flows that a latency pod sends itself. One is the hardest, as all of a loss is its own. */
const ownFlows = [
  { flows: 1, name: "one TCP flow" },
  { flows: 4, name: "four TCP flows" },
];

const burstPods = 60;
const burstGuarantee = 10 * mega;

export const latency: Scenario[] = [
  {
    name: "latency-target",
    shows:
      "With a target of 1 ms on a wire of 1 Gbit/s, requests are answered as on an idle node while another pod's eight flows fill the wire.",
    wireBits: giga,
    pods: [guaranteed("quick", 100 * mega, "1ms"), bestEffort("noisy")],
    phases: [idle(["quick"]), loaded(["quick"])],
    repeat: { usual: 3, thorough: 7 },
    checks: [slowdown("quick", "loaded", 2)],
    beside: true,
  },
  {
    name: "latency-throughput",
    shows:
      "A pod with a target of 1 ms has its guarantee by TCP, by one flow too, though its queue is no longer than its target.",
    wireBits: usualWire,
    pods: [guaranteed("quick", usualGuarantee, "1ms"), bestEffort("noisy")],
    phases: ownFlows.map(({ flows, name }) => ({
      name,
      loads: { noisy: tcp("noisy", "egress", 8), quick: tcp("quick", "egress", flows) },
      seconds: 2,
      fills: ["egress"],
    })),
    // Its limit is its guarantee, and its bucket holds no more than its target's time. So what the machine's
    // timers are later than that is lost, and nothing makes up for it. On a quiet machine it is 99 to 100%.
    repeat: { usual: 3, thorough: 5 },
    checks: ownFlows.map(({ name }) =>
      keeps(`${name}: of its guarantee`, name, "quick", usualGuarantee, 0.9),
    ),
    beside: false,
  },
  {
    name: "two-latency-pods",
    shows: "Two pods with latency targets hold them side by side under eight bulk flows.",
    wireBits: usualWire,
    pods: [outward("a", 50 * mega, "1ms"), outward("b", 100 * mega, "2ms"), bestEffort("noisy")],
    phases: [idle(["a", "b"]), loaded(["a", "b"])],
    repeat: { usual: 3, thorough: 7 },
    checks: [slowdown("a", "loaded", 2), slowdown("b", "loaded", 2)],
    beside: true,
  },
  {
    name: "sixty-bursts",
    shows:
      "Sixty guaranteed pods that burst all at once, fifty times a second, do not slow a pod with a latency target down.",
    wireBits: giga,
    pods: [
      ...Array.from({ length: burstPods }, (_, i) =>
        outward(`burst-${i + 1}`, burstGuarantee, ""),
      ).map(({ name, asks: { "egress-guarantee": rate = "" } }) => ({
        name,
        asks: { "egress-guarantee": rate },
      })),
      outward("quick", 50 * mega, "1ms"),
    ],
    phases: [
      idle(["quick"]),
      {
        name: "bursts",
        loads: {
          bursts: {
            kind: "bursts",
            pods: "burst-",
            // With this rate something stands in the queue more than half of the time, so that the median
            // sees it.
            rateBits: 1.4 * burstGuarantee,
            everyMs: 20,
            direction: "egress",
          },
        },
        probes: ["quick"],
        seconds: 2,
      },
    ],
    repeat: { usual: 3, thorough: 7 },
    checks: [slowdown("quick", "bursts", 2)],
    beside: true,
  },
  {
    name: "delay-bound",
    shows:
      "The bound that explain prints is kept: on a wire of 50 Mbit/s, where it stands well above the machine's noise, loaded p99 less idle p99 stays below it in 9 of 10 pairs.",
    wireBits: 50 * mega,
    config: { uplink: { gsoMaxSize: 4_500 } },
    pods: [outward("quick", 5 * mega, "5ms"), bestEffort("noisy")],
    phases: [idle(["quick"], 1), { ...loaded(["quick"], 1), thoroughSeconds: 3 }],
    repeat: { usual: 10, thorough: 10 },
    checks: [
      {
        what: "quick: loaded p99 less idle p99, within the bound",
        figure: { kind: "withinBound", pod: "quick", idle: "idle", loaded: "loaded" },
        is: "at least",
        wanted: 0.9,
      },
    ],
    beside: false,
  },
  {
    name: "refusals",
    shows: "A promise that the node cannot keep is refused, with the arithmetic.",
    wireBits: usualWire,
    pods: [guaranteed("holder", 300 * mega)],
    refusals: [
      {
        name: "guarantee",
        asks: { "egress-guarantee": "200M" },
        says: "asks for an egress guarantee of 200M, and \\S+ is free: capacity 485M",
      },
      {
        name: "target",
        asks: { "egress-guarantee": "50M", "latency-target": "50us" },
        says: "asks for a latency target of 50us, and the smallest that it could have here is \\S+: bound",
      },
      {
        name: "contradiction",
        asks: { "latency-target": "1ms" },
        says: "latency-target",
      },
    ],
    phases: [],
    checks: [
      ["a guarantee above what is free", "guarantee"],
      ["a latency target that this wire cannot have", "target"],
      ["a latency target without a guarantee", "contradiction"],
    ].map(([what = "", refusal = ""]) => ({
      what,
      figure: { kind: "refused" as const, refusal },
      is: "at least" as const,
      wanted: 1,
    })),
    beside: false,
  },
];
