import { hostRateBits, reserveBits } from "../../promise/capacity.ts";
import { host, type Scenario } from "../engine/scenario.ts";
import {
  bestEffort,
  capacity,
  flood,
  floodTheWire,
  guaranteed,
  keeps,
  mega,
  paced,
  tcp,
  usualGuarantee,
  usualWire,
} from "./common.ts";

const flowsOf: Record<string, number> = { one: 1, two: 2, four: 4, eight: 8, sixteen: 16 };
const tcpPods = Object.keys(flowsOf);
const udpPods = ["udp-a", "udp-b"];

const usualCapacity = capacity(usualWire);
/** The host's own class has the default reserve of 5%, less the floors' budget. */
const hostBits = hostRateBits(
  usualCapacity,
  reserveBits({ kind: "percent", percent: 5 }, usualCapacity),
);
/** All that may be promised beside the usual guarantee. */
const restBits = 260 * mega;

const limitBits = 200 * mega;
/** The default burst is 5 ms of the limit (docs/config.md). */
const limitBurst = { burstBytes: (limitBits * 0.005) / 8, ms: 100 };

export const sharing: Scenario[] = [
  {
    name: "fair-shares",
    shows:
      "Best-effort pods share equally, whatever each opens or sends: 1 to 16 TCP flows, and UDP that does not react to loss.",
    wireBits: usualWire,
    pods: [...tcpPods, ...udpPods].map(bestEffort),
    phases: [
      {
        name: "egress",
        loads: Object.fromEntries([
          ...tcpPods.map((pod) => [pod, tcp(pod, "egress", flowsOf[pod] ?? 1)]),
          ...udpPods.map((pod) => [pod, flood(pod, "egress", 150 * mega)]),
        ]),
        seconds: 4,
        fills: ["egress"],
      },
      {
        name: "ingress",
        loads: Object.fromEntries(
          tcpPods.map((pod) => [pod, tcp(pod, "ingress", flowsOf[pod] ?? 1)]),
        ),
        seconds: 4,
        fills: ["ingress"],
      },
    ],
    checks: [
      {
        what: "egress, TCP beside UDP: Jain's index of seven pods",
        figure: { kind: "fairness", phase: "egress", loads: [...tcpPods, ...udpPods] },
        is: "at least",
        wanted: 0.95,
      },
      {
        what: "egress: the largest share, of the smallest",
        figure: { kind: "spread", phase: "egress", loads: [...tcpPods, ...udpPods] },
        is: "at most",
        wanted: 1.5,
      },
      {
        what: "ingress: Jain's index of five pods",
        figure: { kind: "fairness", phase: "ingress", loads: tcpPods },
        is: "at least",
        wanted: 0.95,
      },
    ],
    beside: true,
  },
  {
    name: "latency-pod-floods",
    shows: "A pod that goes first cannot starve best-effort pods: its limit is its guarantee.",
    wireBits: usualWire,
    pods: [guaranteed("first", usualGuarantee, "1ms"), bestEffort("other")],
    phases: [
      {
        name: "flood",
        loads: {
          first: floodTheWire("first"),
          other: tcp("other", "egress", 8),
        },
        seconds: 3,
        fills: ["egress"],
      },
    ],
    checks: [
      keeps(
        "the best-effort pod, of all that is not promised",
        "flood",
        "other",
        usualCapacity - usualGuarantee,
        0.95,
      ),
      {
        what: "the flooding pod, of its guarantee",
        figure: { kind: "rate", phase: "flood", loads: ["first"], ofBits: usualGuarantee },
        is: "at most",
        wanted: 1.03,
      },
    ],
    beside: true,
  },
  {
    name: "limit",
    shows:
      "A limit holds from the first moment on: within 3% over 5 s, and one burst ahead at most.",
    wireBits: usualWire,
    pods: [
      {
        name: "limited",
        asks: { "egress-limit": String(limitBits), "ingress-limit": String(limitBits) },
      },
    ],
    phases: (["egress", "ingress"] as const).flatMap((direction) => [
      {
        name: `${direction} UDP`,
        loads: { limited: flood("limited", direction, 2 * limitBits) },
        seconds: 5,
        cold: true,
        binMs: 1,
      },
      {
        name: `${direction} TCP`,
        loads: { limited: tcp("limited", direction, 4) },
        seconds: 5,
        cold: true,
        binMs: 1,
      },
    ]),
    checks: (["egress", "ingress"] as const).flatMap((direction) => [
      ...["UDP", "TCP"].map((protocol) => ({
        what: `${direction}, ${protocol}: off the limit, over 5 s`,
        figure: {
          kind: "deviation" as const,
          phase: `${direction} ${protocol}`,
          load: "limited",
          ofBits: limitBits,
        },
        is: "at most" as const,
        wanted: 0.03,
      })),
      {
        what: `${direction}: over the limit in the first 100 ms`,
        figure: {
          kind: "burst" as const,
          phase: `${direction} UDP`,
          load: "limited",
          ofBits: limitBits,
          ...limitBurst,
        },
        is: "at most" as const,
        wanted: 1,
      },
    ]),
    beside: false,
  },
  {
    name: "host-sends",
    shows:
      "What the node itself sends does not break pods' guarantees, and pods that are promised all there is leave the node its reserve.",
    wireBits: usualWire,
    pods: [guaranteed("steady", usualGuarantee), guaranteed("big", restBits)],
    phases: [
      {
        name: "the host floods",
        loads: { host: tcp(host, "egress", 8), steady: tcp("steady", "egress", 4) },
        seconds: 3,
        fills: ["egress"],
      },
      {
        name: "the pods flood",
        loads: {
          steady: flood("steady", "egress", 1.4 * usualGuarantee),
          big: flood("big", "egress", 1.4 * restBits),
          host: tcp(host, "egress", 4),
        },
        seconds: 3,
        fills: ["egress"],
      },
    ],
    checks: [
      keeps(
        "beside the host's 8 flows: steady pod, of its guarantee",
        "the host floods",
        "steady",
        usualGuarantee,
      ),
      keeps(
        "beside pods that flood: the host, of its own class's rate",
        "the pods flood",
        "host",
        hostBits,
        0.95,
      ),
      keeps("and those pods, of all their guarantees", "the pods flood", "steady", usualGuarantee),
    ],
    beside: true,
  },
  {
    name: "host-pulls",
    shows:
      "While the node pulls an image over 8 flows, a pod has its guarantees: what the node receives is policed to what is not promised.",
    wireBits: usualWire,
    pods: [guaranteed("steady", usualGuarantee)],
    phases: [
      { name: "idle", loads: {}, probes: ["steady"], seconds: 2 },
      {
        name: "requests",
        loads: { host: tcp(host, "ingress", 8, true) },
        probes: ["steady"],
        seconds: 2,
      },
      {
        name: "throughput",
        loads: {
          host: tcp(host, "ingress", 8, true),
          in: tcp("steady", "ingress", 4),
          out: paced("steady", "egress", usualGuarantee),
        },
        seconds: 3,
      },
    ],
    checks: [
      keeps("egress: steady pod, of its guarantee", "throughput", "out", usualGuarantee),
      {
        what: "ingress: the node and the pod together, of the wire",
        figure: {
          kind: "rate",
          phase: "throughput",
          loads: ["host", "in"],
          ofBits: usualWire,
        },
        is: "at least",
        wanted: 0.9,
      },
      keeps("ingress: steady pod, of its guarantee", "throughput", "in", usualGuarantee),
      {
        what: "steady: request-response p50 while the node pulls, to idle",
        figure: { kind: "slowdown", pod: "steady", idle: "idle", loaded: "requests" },
        is: "at most",
        wanted: 3,
        onlyShown: "a target covers egress; what is policed has been on the wire",
      },
    ],
    beside: true,
  },
];
