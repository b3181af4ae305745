/** A node's status for tests of what is made of it: pods by what matters of them. */
import type { Kept, Measured } from "../../../src/measure/measure.ts";
import type { DirectionStatus, NodeStatus, PodStatus } from "../../../src/ops/status/model.ts";

export interface SampleClass {
  guaranteeBits?: number;
  rateBits?: number;
  state?: Kept["state"];
  queueDelayUs?: number | null;
  /** The kernel has no such class. */
  missing?: boolean;
  /** What was counted cannot be told. */
  unknown?: boolean;
  unmeasured?: boolean;
}

function measuredOf(of: SampleClass): Measured | null {
  if (of.unmeasured === true) return null;
  if (of.unknown === true || of.missing === true) return { known: false, why: "absent" };
  const state = of.state ?? "none";
  const belowShare = state === "below" ? 0.4 : null;
  return {
    known: true,
    seconds: 1,
    sentBytes: 1,
    sentPackets: 1,
    rateBits: of.rateBits ?? 0,
    packetsPerSecond: 1,
    drops: 0,
    samples: 21,
    backlogBytesMean: 0,
    backlogBytesMax: 0,
    backloggedShare: 0,
    queueDelayUs: of.queueDelayUs === undefined ? 0 : of.queueDelayUs,
    promise: { state, demandSeconds: 1, judgedSeconds: 1, belowSeconds: 0.4, belowShare },
  };
}

function directionOf(of: SampleClass): DirectionStatus {
  const guaranteeBits = of.guaranteeBits ?? 0;
  const counters = { bytes: 0, packets: 0, drops: 0, backlogBytes: 0, backlogPackets: 0 };
  return {
    guaranteeBits,
    limitBits: null,
    currentGuaranteeBits: guaranteeBits,
    currentLimitBits: null,
    currentBurstBytes: null,
    kernel: of.missing === true ? null : { rateBits: guaranteeBits, ceilBits: 8e8, ...counters },
    measured: measuredOf(of),
  };
}

export function samplePod(
  name: string,
  egress: SampleClass,
  more: { ingress?: SampleClass; latencyTargetUs?: number } = {},
): PodStatus {
  return {
    attachment: `pods/${name.replace("/", "-")}/eth0`,
    pod: name,
    phase: "ready",
    addresses: ["198.19.1.2"],
    classid: "fa01:10",
    tier: null,
    latencyTargetUs: more.latencyTargetUs ?? null,
    boundUs: null,
    notes: [],
    override: null,
    violations: null,
    egress: directionOf(egress),
    ingress: directionOf(more.ingress ?? (egress.unmeasured ? { unmeasured: true } : {})),
  };
}

export function sampleStatus(pods: PodStatus[], over: Partial<NodeStatus> = {}): NodeStatus {
  return {
    schemaVersion: 1,
    intervalSeconds: 1,
    trees: [
      {
        direction: "egress",
        dev: "eth0",
        capacityBits: 4e8,
        reserveBits: 2e7,
        promisedBits: 26e7,
        currentBits: 26e7,
        measured: null,
        host: null,
      },
    ],
    pods,
    leafQueues: { kind: "bfifo", why: "", release: null, probed: [] },
    pools: [],
    capacities: [],
    shortfalls: [],
    keptAddresses: [],
    otherExits: [],
    drift: [],
    agent: null,
    ...over,
  };
}
