/** `fairway status`: what is promised, beside what the kernel has and has counted. */
import { Command } from "commander";
import { formatDuration, formatRate } from "../config/quantities.ts";
import { NetlinkSocket } from "../kernel/netlink/socket.ts";
import { linkNamed } from "../kernel/read/links.ts";
import { type ClassEntry, type Counters, classesOf } from "../kernel/read/tc.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { liveNetworks } from "../node/base.ts";
import { findings } from "../node/check.ts";
import { type LeafQueues, leafQueues } from "../node/leaf-queues.ts";
import { hostBits } from "../node/network.ts";
import { planRepair } from "../node/repair.ts";
import { treesOf } from "../plan/desired.ts";
import { classid } from "../plan/names.ts";
import { attachmentName, type Direction, directions, type NetworkBase } from "../plan/node.ts";
import { type CommonOptions, withCommonOptions, withLedgerView } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

interface DirectionStatus {
  guaranteeBits: number;
  limitBits: number | null;
  /** null: the kernel has no such class. */
  kernel: ({ rateBits: number; ceilBits: number } & Counters) | null;
}

interface PodStatus {
  attachment: string;
  pod: string | null;
  phase: string;
  addresses: string[];
  classid: string;
  tier: string | null;
  latencyTargetUs: number | null;
  notes: string[];
  egress: DirectionStatus;
  ingress: DirectionStatus;
}

interface TreeStatus {
  direction: Direction;
  dev: string;
  capacityBits: number;
  reserveBits: number;
  promisedBits: number;
}

export interface NodeStatus {
  trees: TreeStatus[];
  pods: PodStatus[];
  /** What stands below each leaf, and why. */
  leafQueues: LeafQueues;
  /** What `repair` would mend, in words. */
  drift: string[];
}

function readClasses(devices: string[]): Map<string, ClassEntry> {
  using socket = new NetlinkSocket();
  const classes = new Map<string, ClassEntry>();
  for (const dev of devices) {
    const link = linkNamed(socket, dev);
    if (link === null) continue;
    for (const entry of classesOf(socket, link.index)) classes.set(`${dev} ${entry.handle}`, entry);
  }
  return classes;
}

function kernelOf(entry: ClassEntry | undefined): DirectionStatus["kernel"] {
  if (entry?.htb === undefined) return null;
  const { rateBytes, ceilBytes } = entry.htb;
  return { rateBits: rateBytes * 8, ceilBits: ceilBytes * 8, ...entry.counters };
}

function podsOf(ledger: LedgerView, device: Record<Direction, string>): PodStatus[] {
  const classes = readClasses(Object.values(device));
  return ledger.attachments.all().map((a) => {
    const of = (direction: Direction): DirectionStatus => ({
      guaranteeBits: a.promise[direction].guaranteeBits,
      limitBits: a.promise[direction].limitBits,
      kernel: kernelOf(classes.get(`${device[direction]} ${classid(a.classMinor)}`)),
    });
    return {
      attachment: attachmentName(a),
      pod: a.podName === null ? null : `${a.podNamespace ?? "default"}/${a.podName}`,
      phase: a.phase,
      addresses: a.leases.map((l) => l.address),
      classid: classid(a.classMinor),
      tier: a.promise.tier,
      latencyTargetUs: a.promise.latencyTargetUs,
      notes: a.promise.notes,
      egress: of("egress"),
      ingress: of("ingress"),
    };
  });
}

function treeStatus(base: NetworkBase, pods: PodStatus[]): TreeStatus[] {
  return treesOf(base.trees, base.bridge, hostBits(base)).map(
    ({ direction, dev, capacityBits }) => ({
      direction,
      dev,
      capacityBits,
      reserveBits: base.trees[`${direction}ReserveBits`],
      promisedBits: pods.reduce((sum, pod) => sum + pod[direction].guaranteeBits, 0),
    }),
  );
}

export function nodeStatus(ledger: LedgerView): NodeStatus {
  const [base] = liveNetworks(ledger);
  const queues = leafQueues(ledger);
  if (base === undefined) return { trees: [], pods: [], leafQueues: queues, drift: [] };
  const pods = podsOf(ledger, { egress: base.trees.uplink, ingress: base.bridge });
  const drift = findings(planRepair(ledger));
  return { trees: treeStatus(base, pods), pods, leafQueues: queues, drift };
}

const bit = (bits: number): string => `${formatRate(bits)}bit/s`;

function table(rows: string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const header = [
  "POD",
  "ADDRESS",
  "CLASS",
  "",
  "GUARANTEE",
  "LIMIT",
  "LATENCY",
  "IN KERNEL",
  "SENT",
  "DROPPED",
  "QUEUED",
];

function podRows(pod: PodStatus): string[][] {
  return directions.map((direction) => {
    const { guaranteeBits, limitBits, kernel } = pod[direction];
    const target =
      pod.latencyTargetUs !== null && guaranteeBits > 0 ? formatDuration(pod.latencyTargetUs) : "-";
    return [
      pod.pod ?? pod.attachment,
      pod.addresses.join(","),
      pod.classid,
      direction,
      guaranteeBits === 0 ? "best effort" : bit(guaranteeBits),
      limitBits === null ? "none" : bit(limitBits),
      target,
      kernel === null
        ? "MISSING"
        : `${formatRate(kernel.rateBits)}..${formatRate(kernel.ceilBits)}`,
      kernel === null ? "-" : `${kernel.bytes} B`,
      kernel === null ? "-" : String(kernel.drops),
      kernel === null ? "-" : `${kernel.backlogBytes} B`,
    ];
  });
}

export function renderStatus({ trees, pods, drift }: NodeStatus): string {
  const lines = trees.map(
    (t) =>
      `${t.direction} on ${t.dev}: capacity ${bit(t.capacityBits)}, reserve ${bit(t.reserveBits)}, promised to pods ${bit(t.promisedBits)}`,
  );
  if (trees.length === 0)
    lines.push("no network yet: no pod was added on this node since it was booted");
  if (pods.length > 0) lines.push("", ...table([header, ...pods.flatMap(podRows)]), "");
  for (const pod of pods)
    lines.push(...pod.notes.map((note) => `${pod.pod ?? pod.attachment}: ${note}`));
  if (pods.length > 0)
    lines.push(
      "rates count Ethernet frames (IP packet + 14 bytes); guarantees and limits cover the uplink, not pod to pod on one node",
      "latency targets are admitted on egress; on ingress they give precedence only",
    );
  lines.push(
    ...(drift.length === 0
      ? []
      : ["drift (`fairway repair` mends it):", ...drift.map((d) => `  ${d}`)]),
  );
  return `${lines.join("\n")}\n`;
}

export function statusCommand(): Command {
  return withCommonOptions(new Command("status"))
    .description(
      "each pod: what it was promised, beside what the kernel's classes have and have counted",
    )
    .option("--json", "as data")
    .action((options: CommonOptions & { json?: boolean }) => {
      const status = withLedgerView(options, nodeStatus);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status),
      );
      if (status.drift.length > 0) process.exitCode = exitCodes.drift;
    });
}
