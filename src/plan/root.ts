/**
 * Who owns the root qdisc of a device, as far as its look tells. The functions are pure. The kernel's own
 * qdisc may be replaced, and so may somebody's that can be put back exactly. Nobody else's may be.
 */
import { type FqCodel, fqCodelDifferences } from "./leaf-queue.ts";

/** The handle of what the kernel attached by itself. */
export const noHandle = "0:";

export interface RootLook {
  kind: string;
  handle: string;
  /** null means that it is of another kind. */
  fqCodel: FqCodel | null;
  isFiltered: boolean;
  /** The device's MTU. */
  mtuBytes: number;
  /** The qdiscs below it. */
  below: readonly { kind: string; handle: string; parent: string }[];
}

/**
 * The kinds that somebody may have put there under a handle, and that `tc` makes again as they were. The
 * first three have no settings at all; the settings of fq_codel are compared.
 */
const comesBack: ReadonlySet<string> = new Set(["noqueue", "mq", "pfifo_fast", "fq_codel"]);

/**
 * Whether somebody's filters can be attached to it. The kinds listed here have no place for them (`tcf_block`
 * in net/sched).
 */
export const takesFilters = (kind: string): boolean =>
  !["noqueue", "mq", "pfifo_fast", "fq", "pfifo", "bfifo"].includes(kind);

/** The header's length is ETH_HLEN; a device without a link layer has no header. */
const headerBytes = [14, 0];

/** What `tc qdisc add root fq_codel` makes (fq_codel_init(), net/sched/sch_fq_codel.c). */
const plainFqCodel = (quantumBytes: number): FqCodel => ({
  type: "fq_codel",
  targetUs: 5_000,
  intervalUs: 100_000,
  limitPackets: 10_240,
  memoryLimitBytes: 32 << 20,
  flows: 1024,
  quantumBytes,
  dropBatchPackets: 64,
  ecn: true,
  ceThresholdUs: null,
});

/**
 * The settings of somebody's fq_codel that differ from the defaults. The list is empty when it is as `tc`
 * makes it without options.
 */
function fqCodelSettings(have: FqCodel, mtuBytes: number): string[] {
  // The default quantum is the frame size that the device had when the qdisc was made (psched_mtu()).
  const usual = headerBytes.map((bytes) => mtuBytes + bytes);
  const quantumBytes = usual.find((bytes) => bytes === have.quantumBytes) ?? mtuBytes + 14;
  return fqCodelDifferences(plainFqCodel(quantumBytes), have);
}

const shown = 3;

/** The number of a queue in its parent's name: "1:a" is the tenth queue of the device. */
const place = (parent: string): number => Number.parseInt(parent.split(":")[1] || "0", 16);

/**
 * Why the qdisc has to stay. null means that it is the kernel's, or can be put back exactly. "" means that it
 * is somebody's. Otherwise the text says what about it is somebody's.
 */
export function whyForeign(root: RootLook): string | null {
  const { kind, handle, fqCodel, isFiltered, mtuBytes, below } = root;
  if (handle !== noHandle && kind !== "fq" && !comesBack.has(kind)) return "";
  if (isFiltered) return "with somebody's filters";
  // Whoever attaches a qdisc gives it a handle. The kernel's own have none, including the queues below an mq,
  // and nobody can change those without making others (tc_modify_qdisc, net/sched/sch_api.c).
  const others = below
    .filter((q) => q.handle !== noHandle)
    .sort((a, b) => place(a.parent) - place(b.parent));
  if (others.length > 0) {
    const listed = others.slice(0, shown).map((q) => `${q.kind} ${q.handle} at ${q.parent}`);
    return `with ${listed.join(", ")}${others.length > shown ? `, and ${others.length - shown} more` : ""} below it`;
  }
  // The kernel's own may be of any kind: net.core.default_qdisc or the driver chooses it.
  if (handle === noHandle) return null;
  if (kind === "fq") return "which somebody put there, and whose settings could not be put back";
  const settings = fqCodel === null ? [] : fqCodelSettings(fqCodel, mtuBytes);
  return settings.length === 0
    ? null
    : `with settings that could not be put back: ${settings.map((s) => s.replace(", should be ", ", by default ")).join(", ")}`;
}

/**
 * The command that gives the place back to the kernel. The kernel's own qdisc has no handle and cannot be
 * deleted, but the filters on it can.
 */
export const clearing = (dev: string, name: string): string =>
  name.split(" ")[1] === noHandle ? `tc filter del dev ${dev}` : `tc qdisc del dev ${dev} root`;
