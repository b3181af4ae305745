/** docs/status.md has every key that `status --json` can print, and no other. */
import { expect, test } from "bun:test";
import type { Measured } from "../../../src/measure/measure.ts";
import type { DirectionStatus, NodeStatus, TreeStatus } from "../../../src/ops/status/model.ts";
import type { PodPromise } from "../../../src/plan/node.ts";
import { type AllKeys, namesIn, pageText, tablesOf } from "../../support/pages.ts";

type FlowStatus = NonNullable<TreeStatus["measured"]>;

/** What has a table of its own in the page: its keys are not told again where it stands in another. */
type Told = DirectionStatus | Measured | FlowStatus | PodPromise;

type All<T> = AllKeys<T, Told>;

/** By the word that stands above the page's table. */
interface Shapes {
  status: All<NodeStatus>;
  direction: All<DirectionStatus>;
  measured: All<Measured>;
  flow: All<FlowStatus>;
  own: All<PodPromise>;
}

/**
 * The compiler holds this to the types that the command prints: a key that is new, or gone, is an error
 * here. It belongs into docs/status.md as well.
 */
const printed: Shapes = {
  status: {
    schemaVersion: true,
    intervalSeconds: true,
    "trees[]": true,
    "trees[].direction": true,
    "trees[].dev": true,
    "trees[].capacityBits": true,
    "trees[].reserveBits": true,
    "trees[].promisedBits": true,
    "trees[].currentBits": true,
    "trees[].measured": true,
    "trees[].host": true,
    "pods[]": true,
    "pods[].attachment": true,
    "pods[].pod": true,
    "pods[].phase": true,
    "pods[].addresses[]": true,
    "pods[].classid": true,
    "pods[].tier": true,
    "pods[].latencyTargetUs": true,
    "pods[].boundUs": true,
    "pods[].notes[]": true,
    "pods[].override": true,
    "pods[].override.keys[]": true,
    "pods[].override.keys[].key": true,
    "pods[].override.keys[].set": true,
    "pods[].override.keys[].own": true,
    "pods[].override.own": true,
    "pods[].override.ownRefused": true,
    "pods[].violations": true,
    "pods[].violations.packets": true,
    "pods[].violations.bytes": true,
    "pods[].egress": true,
    "pods[].ingress": true,
    leafQueues: true,
    "leafQueues.kind": true,
    "leafQueues.why": true,
    "leafQueues.release": true,
    "leafQueues.probed[]": true,
    "leafQueues.probed[].kind": true,
    "leafQueues.probed[].offered": true,
    "leafQueues.probed[].reason": true,
    "otherExits[]": true,
    "otherExits[].dev": true,
    "otherExits[].destinations[]": true,
    "pools[]": true,
    "pools[].network": true,
    "pools[].setIndex": true,
    "pools[].ranges": true,
    "pools[].given": true,
    "pools[].total": true,
    "capacities[]": true,
    "capacities[].direction": true,
    "capacities[].setBits": true,
    "capacities[].configuredBits": true,
    "capacities[].linkBits": true,
    "shortfalls[]": true,
    "keptAddresses[]": true,
    "keptAddresses[].network": true,
    "keptAddresses[].address": true,
    "keptAddresses[].podNamespace": true,
    "keptAddresses[].podName": true,
    "keptAddresses[].ifname": true,
    "keptAddresses[].untilMs": true,
    "drift[]": true,
    agent: true,
    "agent.socket": true,
    "agent.state": true,
    "agent.version": true,
    "agent.startedAt": true,
    "agent.fellBack[]": true,
    "agent.fellBack[].reason": true,
    "agent.fellBack[].lastHour": true,
    "agent.fellBack[].lastDay": true,
  },
  direction: {
    guaranteeBits: true,
    limitBits: true,
    currentGuaranteeBits: true,
    currentLimitBits: true,
    currentBurstBytes: true,
    kernel: true,
    "kernel.rateBits": true,
    "kernel.ceilBits": true,
    "kernel.bytes": true,
    "kernel.packets": true,
    "kernel.drops": true,
    "kernel.backlogBytes": true,
    "kernel.backlogPackets": true,
    measured: true,
  },
  measured: {
    known: true,
    why: true,
    seconds: true,
    sentBytes: true,
    sentPackets: true,
    rateBits: true,
    packetsPerSecond: true,
    drops: true,
    samples: true,
    backlogBytesMean: true,
    backlogBytesMax: true,
    backloggedShare: true,
    queueDelayUs: true,
    promise: true,
    "promise.state": true,
    "promise.demandSeconds": true,
    "promise.judgedSeconds": true,
    "promise.belowSeconds": true,
    "promise.belowShare": true,
  },
  flow: {
    known: true,
    why: true,
    seconds: true,
    sentBytes: true,
    sentPackets: true,
    rateBits: true,
    packetsPerSecond: true,
    drops: true,
  },
  own: {
    tier: true,
    latencyTargetUs: true,
    "notes[]": true,
    egress: true,
    "egress.guaranteeBits": true,
    "egress.limitBits": true,
    "egress.burstBytes": true,
    ingress: true,
    "ingress.guaranteeBits": true,
    "ingress.limitBits": true,
    "ingress.burstBytes": true,
  },
};

const page = pageText("docs/status.md");
const tables = tablesOf(page.slice(page.indexOf("## `--json`"))).filter(
  ({ header }) => header[0] === "field",
);

/** "A *direction*:" stands above the table of one; above the first stands none. */
const wordAbove = (line: string): string => /^(?:A )?\*(\w+)\*/.exec(line)?.[1] ?? "status";

const listed = (shape: string): string[] =>
  tables
    .filter(({ above }) => wordAbove(above) === shape)
    .flatMap(({ rows }) => rows.flatMap(([cell = ""]) => namesIn(cell)));

test.each(Object.entries(printed))("docs/status.md has the keys of a %s", (shape, keys) => {
  expect(listed(shape).toSorted()).toEqual(Object.keys(keys).toSorted());
});
