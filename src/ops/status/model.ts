/**
 * Finds out what `status` tells: what is promised, beside what the kernel has, has counted, and carried
 * during an interval.
 */

import { deviceClasses } from "../../kernel/read/device-classes.ts";
import { readViolations, type SpoofCount } from "../../kernel/read/tables.ts";
import type { ClassEntry } from "../../kernel/read/tc.ts";
import type { Hold } from "../../ledger/holds.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Unknown } from "../../measure/counters.ts";
import { type Flow, type Measured, measureClass, measureFlow } from "../../measure/measure.ts";
import type { Pool } from "../../node/addresses/leases.ts";
import { nodePools } from "../../node/addresses/node-pools.ts";
import { shortfalls } from "../../node/facts/capacity.ts";
import { type Capacity, capacities } from "../../node/facts/capacity-sources.ts";
import { otherExits } from "../../node/facts/exits.ts";
import { type LeafQueues, leafQueues } from "../../node/facts/leaf-queues.ts";
import { hostBits } from "../../node/facts/network.ts";
import { type Override, overrideOf } from "../../node/facts/override.ts";
import { planRepairSettled } from "../../node/reconcile/repair.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { findings } from "../../node/verbs/check.ts";
import type { Counters } from "../../plan/counters.ts";
import { type Tree, treesOf } from "../../plan/desired.ts";
import type { Exit } from "../../plan/exits.ts";
import { classid, hostMinor, leafHandle, tbfHandle } from "../../plan/names.ts";
import {
  attachmentName,
  type Direction,
  type DirectionPromise,
  type NetworkBase,
} from "../../plan/node.ts";
import { memberOf } from "../../promise/held.ts";
import { boundsUsOf } from "../../promise/latency.ts";
import { inForce } from "../../promise/scale.ts";
import type { AgentStatus } from "./agent.ts";
import type { DeviceLooks } from "./sample.ts";

export interface DirectionStatus {
  /** The guarantee that was promised. */
  guaranteeBits: number;
  limitBits: number | null;
  /** The guarantee in force. It is less than promised where guarantees are scaled. */
  currentGuaranteeBits: number;
  currentLimitBits: number | null;
  /**
   * What it may send at once, as asked for, or as chosen for a latency target. null means 5 ms of its rate.
   */
  currentBurstBytes: number | null;
  /** null means that the kernel has no such class. */
  kernel: ({ rateBits: number; ceilBits: number } & Counters) | null;
  /** null means that it was not measured. */
  measured: Measured | null;
}

export interface PodStatus {
  attachment: string;
  pod: string | null;
  phase: string;
  addresses: string[];
  classid: string;
  tier: string | null;
  latencyTargetUs: number | null;
  /**
   * The longest time that a packet of the pod can wait in the egress tree while the pod stays within its
   * guarantee; null without a target.
   */
  boundUs: number | null;
  notes: string[];
  /** What was set with `fairway set` over what the pod itself asked for; null means nothing. */
  override: Override | null;
  /** What it sent under others' addresses, which was dropped; null means that nothing counts that. */
  violations: SpoofCount | null;
  egress: DirectionStatus;
  ingress: DirectionStatus;
}

export interface TreeStatus {
  direction: Direction;
  dev: string;
  capacityBits: number;
  reserveBits: number;
  promisedBits: number;
  /** The sum of the guarantees in force. */
  currentBits: number;
  /** All that left by the tree's root; null means that it was not measured. */
  measured: (Flow & { known: true }) | Unknown | null;
  /** The host's own class; null means that the tree has none. */
  host: DirectionStatus | null;
}

/** Of what `--json` prints: conf/status.schema.json. What is added leaves it as it is. */
export const statusSchemaVersion = 1;

export interface NodeStatus {
  schemaVersion: typeof statusSchemaVersion;
  /** The interval in seconds; null means that nothing was measured. */
  intervalSeconds: number | null;
  trees: TreeStatus[];
  pods: PodStatus[];
  /** What stands below each leaf, and why. */
  leafQueues: LeafQueues;
  /** How full the networks' range sets are. */
  pools: Pool[];
  /** What each direction's capacity is made of: set at run time, configured, found. */
  capacities: Capacity[];
  /** What is promised and does not fit any more, in words. */
  shortfalls: string[];
  /** Addresses that are kept for pods that went. */
  keptAddresses: Hold[];
  /**
   * Interfaces beside the uplink by which pods' traffic leaves, and where it goes. No promise holds there.
   */
  otherExits: Exit[];
  /** What `repair` would mend, in words. */
  drift: string[];
  /** null means that no agent was set up on this node. */
  agent: AgentStatus | null;
}

/** The looks of an interval, by device. */
export interface Interval {
  seconds: number;
  looks: ReadonlyMap<string, DeviceLooks>;
}

function kernelOf(entry: ClassEntry | undefined): DirectionStatus["kernel"] {
  if (entry?.htb === undefined) return null;
  const { rateBytes, ceilBytes } = entry.htb;
  return { rateBits: rateBytes * 8, ceilBits: ceilBytes * 8, ...entry.counters };
}

type Rates = Pick<DirectionPromise, "guaranteeBits" | "limitBits">;
type Current = Rates & Partial<Pick<DirectionPromise, "burstBytes">>;

/**
 * Collects everything that is said of a class: what was promised, what the kernel has, and what was measured.
 */
class Classes {
  readonly #classes: ReturnType<typeof deviceClasses>;
  readonly #interval: Interval | null;

  constructor(devices: string[], interval: Interval | null) {
    this.#classes = deviceClasses(devices);
    this.#interval = interval;
  }

  of(
    dev: string,
    minor: number,
    { guaranteeBits, limitBits }: Rates,
    current: Current,
  ): DirectionStatus {
    const id = classid(minor);
    const looks = this.#interval?.looks.get(dev);
    return {
      guaranteeBits,
      limitBits,
      currentGuaranteeBits: current.guaranteeBits,
      currentLimitBits: current.limitBits,
      currentBurstBytes: current.burstBytes ?? null,
      kernel: kernelOf(this.#classes.get(dev)?.get(id)),
      measured:
        looks === undefined
          ? null
          : measureClass(
              looks.samplesOf(id),
              looks.queueSamples(id, leafHandle(minor)),
              current.guaranteeBits,
            ),
    };
  }

  rootOf(dev: string): TreeStatus["measured"] {
    const looks = this.#interval?.looks.get(dev);
    return looks === undefined ? null : measureFlow(looks.queueSamples("root", tbfHandle));
  }
}

function podsOf(
  ledger: LedgerView,
  base: NetworkBase,
  device: Record<Direction, string>,
  classes: Classes,
): PodStatus[] {
  const all = ledger.attachments.all();
  const current = inForce(all, base.trees);
  const bounds = boundsUsOf(base, current.map(memberOf));
  const violations = readViolations();
  const promises = all.map((a, at) => ({ a, now: current[at]?.promise ?? a.promise }));
  return promises.map(({ a, now }) => ({
    attachment: attachmentName(a),
    pod: a.podName === null ? null : `${a.podNamespace ?? "default"}/${a.podName}`,
    phase: a.phase,
    addresses: a.leases.map((l) => l.address),
    classid: classid(a.classMinor),
    tier: a.promise.tier,
    latencyTargetUs: a.promise.latencyTargetUs,
    boundUs: bounds.get(memberOf(a).holder) ?? null,
    notes: now.notes,
    override: overrideOf(ledger, a),
    violations: violations.get(a.hostVeth) ?? null,
    egress: classes.of(device.egress, a.classMinor, a.promise.egress, now.egress),
    ingress: classes.of(device.ingress, a.classMinor, a.promise.ingress, now.ingress),
  }));
}

function treeStatus(
  { direction, dev, capacityBits, hostBits: host }: Tree,
  base: NetworkBase,
  pods: PodStatus[],
  classes: Classes,
): TreeStatus {
  const ofHost = { guaranteeBits: host ?? 0, limitBits: null };
  return {
    direction,
    dev,
    capacityBits,
    reserveBits: base.trees[`${direction}ReserveBits`],
    promisedBits: pods.reduce((sum, pod) => sum + pod[direction].guaranteeBits, 0),
    currentBits: pods.reduce((sum, pod) => sum + pod[direction].currentGuaranteeBits, 0),
    measured: classes.rootOf(dev),
    host: host === null ? null : classes.of(dev, hostMinor, ofHost, ofHost),
  };
}

/** The devices that the trees of this node stand on. There are none before the first ADD of this boot. */
export function treeDevices(ledger: LedgerView): string[] {
  const [base] = new NodeView(ledger).networks;
  return base === undefined ? [] : [base.trees.uplink, base.ingress.name];
}

/**
 * `interval` is what was looked at just before; null means that only the counters of this moment are told.
 */
export function nodeStatus(
  ledger: LedgerView,
  interval: Interval | null,
  agent: AgentStatus | null,
): NodeStatus {
  const intervalSeconds = interval?.seconds ?? null;
  const queues = leafQueues(ledger);
  const keptAddresses = ledger.holds.all(Date.now());
  const [base] = new NodeView(ledger).networks;
  if (base === undefined)
    return {
      schemaVersion: statusSchemaVersion,
      intervalSeconds,
      trees: [],
      pods: [],
      leafQueues: queues,
      pools: [],
      capacities: capacities(ledger),
      shortfalls: [],
      keptAddresses,
      otherExits: [],
      drift: [],
      agent,
    };
  const device = { egress: base.trees.uplink, ingress: base.ingress.name };
  const classes = new Classes(Object.values(device), interval);
  const pods = podsOf(ledger, base, device, classes);
  const trees = treesOf(base.trees, base.ingress, hostBits(base));
  return {
    schemaVersion: statusSchemaVersion,
    intervalSeconds,
    trees: trees.map((tree) => treeStatus(tree, base, pods, classes)),
    pods,
    leafQueues: queues,
    pools: nodePools(ledger),
    capacities: capacities(ledger),
    shortfalls: shortfalls(ledger),
    keptAddresses,
    otherExits: otherExits(device.egress, device.ingress),
    drift: findings(planRepairSettled(ledger)),
    agent,
  };
}
