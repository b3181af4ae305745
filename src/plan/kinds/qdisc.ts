import { fqCodelDifferences, fqCodelSettings, type LeafSpec, madeAnew } from "../leaf-queue.ts";
import { clsactParent, htbHandle, tbfClass } from "../names.ts";
import { noHandle } from "../root.ts";
import { rateText, ticksDifference } from "../units.ts";
import { treeContainers } from "./class.ts";
import { act, type Kind, type Op } from "./kind.ts";

/**
 * `txQueueLength` is what the device is to have once the qdisc is attached or removed. Absent or null means
 * that the length stays as it is. Rates are in bytes per second. Bursts are as the kernel holds them, as time
 * in psched ticks of 64 ns (units.ts).
 */
export type QdiscSpec =
  | {
      type: "tbf";
      rateBytes: number;
      burstBytes: number;
      burstTicks: number;
      limitBytes: number;
      txQueueLength?: number;
    }
  | { type: "htb"; defaultMinor: number }
  | LeafSpec
  /** `shared` means that somebody else's filters are there too, so the qdisc stays. */
  | { type: "clsact"; shared: boolean; txQueueLength: number | null }
  /** What the kernel attaches by itself, or nothing. It may be replaced. */
  | { type: "default"; name: string; txQueueLength?: number }
  /** It belongs to somebody else and is never touched. */
  | { type: "foreign"; name: string };

export interface Qdisc {
  kind: "qdisc";
  dev: string;
  /** "root", a class ("fa00:1"), or the place of clsact. */
  parent: string;
  handle: string;
  spec: QdiscSpec;
}

export const qdiscOf = (dev: string, parent: string, handle: string, spec: QdiscSpec): Qdisc => ({
  kind: "qdisc",
  dev,
  parent,
  handle,
  spec,
});

/** The kind in the words of tc. For what is not ours it is what is told of it. */
export const specName = (spec: QdiscSpec): string => ("name" in spec ? spec.name : spec.type);

/** Whether the two are the same qdisc, which may differ only in its settings. */
const isSame = (a: Qdisc, b: Qdisc): boolean =>
  a.spec.type === b.spec.type && a.handle === b.handle;

function differences(want: Qdisc, have: Qdisc): string[] {
  const a = want.spec;
  const b = have.spec;
  if (a.type !== b.type) return [`is ${specName(b)}, should be ${a.type}`];
  const found: string[] = [];
  if (want.handle !== have.handle) found.push(`handle is ${have.handle}, should be ${want.handle}`);
  if (a.type === "tbf" && b.type === "tbf") {
    if (a.rateBytes !== b.rateBytes)
      found.push(`rate is ${b.rateBytes} B/s, should be ${a.rateBytes}`);
    found.push(...ticksDifference("burst", a.burstTicks, b.burstTicks));
  }
  if (a.type === "htb" && b.type === "htb" && a.defaultMinor !== b.defaultMinor)
    found.push(`default class is ${b.defaultMinor}, should be ${a.defaultMinor}`);
  if (a.type === "bfifo" && b.type === "bfifo" && a.limitBytes !== b.limitBytes)
    found.push(`limit is ${b.limitBytes} bytes, should be ${a.limitBytes}`);
  if (a.type === "fq_codel" && b.type === "fq_codel") found.push(...fqCodelDifferences(a, b));
  return found;
}

function isReplaced(want: Qdisc, have: Qdisc): boolean {
  const [a, b] = [want.spec, have.spec];
  if (isSame(want, have))
    // HTB cannot change the settings it was made with.
    return a.type === "htb" || (a.type === "fq_codel" && b.type === "fq_codel" && madeAnew(a, b));
  // What the kernel attached by itself can be replaced, but not deleted. `tc qdisc replace` refuses another
  // kind under the same handle, and `change` refuses another handle. The kernel's default at the root is
  // replaced in one step, so traffic never meets a gap.
  return want.parent !== "root" && have.handle !== noHandle;
}

function settings(op: Op, spec: QdiscSpec): string {
  switch (spec.type) {
    case "tbf":
      return `tbf rate ${rateText(spec.rateBytes)} burst ${spec.burstBytes}b limit ${spec.limitBytes}b`;
    case "htb":
      return `htb default ${spec.defaultMinor.toString(16)}`;
    case "bfifo":
      return `bfifo limit ${spec.limitBytes}b`;
    case "fq_codel":
      return fqCodelSettings(spec, op === "create");
    default:
      return specName(spec);
  }
}

function lineText(op: Op, { dev, parent, handle, spec }: Qdisc): string {
  if (parent === clsactParent) return `qdisc ${op === "delete" ? "del" : "add"} dev ${dev} clsact`;
  const at = `dev ${dev} ${parent === "root" ? "root" : `parent ${parent}`}`;
  if (op === "delete") return `qdisc del ${at}`;
  // `replace` puts ours over what the kernel attached; `change` keeps the classes below.
  return `qdisc ${op === "create" ? "replace" : "change"} ${at} handle ${handle} ${settings(op, spec)}`;
}

function containers({ dev, parent }: Qdisc): string[] {
  if (parent === clsactParent) return [];
  const found = treeContainers(dev);
  if (parent.startsWith(htbHandle)) return [...found, `class ${dev} ${parent}`];
  return found.slice(0, parent === "root" ? 2 : 3);
}

/** A queue is made after the classes, which are the next kind in the order of making. */
const afterClasses = 199;

export const qdisc: Kind<Qdisc, Op | { txQueueLength: number }> = {
  // The key is the place and not the handle, so that another owner's qdisc in our place is found there.
  key: ({ dev, parent }) => `qdisc ${dev} ${parent}`,
  title: ({ dev, parent }) => {
    if (parent === clsactParent) return `clsact qdisc of ${dev}`;
    return parent === "root" ? `root qdisc of ${dev}` : `qdisc of class ${parent} on ${dev}`;
  },
  containers,
  depth: ({ parent }) => (parent === "root" ? 0 : parent === tbfClass ? 1 : afterClasses),
  differ: differences,
  isReplaced,
  // Where the kernel attached something by itself, ours is created in its place.
  isSupplanted: (want, have) => !isSame(want, have),
  isForeign: ({ spec }) => spec.type === "foreign",
  stays: ({ spec }) =>
    spec.type === "foreign" || spec.type === "default" || (spec.type === "clsact" && spec.shared),
  // What the kernel attaches by itself needs nobody to make it.
  canBeMade: ({ spec }) => spec.type !== "default" && spec.type !== "foreign",
  acts: (op, object) => {
    const length = "txQueueLength" in object.spec ? (object.spec.txQueueLength ?? null) : null;
    const line = act("tc", lineText(op, object), op);
    // The kernel gives a device without a queue, as Go's plugins make them, a length of 1000 (qdisc_create).
    return op === "change" || length === null
      ? [line]
      : [
          line,
          act("ip", `link set dev ${object.dev} txqueuelen ${length}`, { txQueueLength: length }),
        ];
  },
};
