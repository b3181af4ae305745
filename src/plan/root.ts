/**
 * Whose the root qdisc of a device is, as far as its looks tell. Pure. The kernel's own may be replaced,
 * and so may one of somebody's that comes back exactly; nobody else's.
 */
import { type FqCodel, fqCodelDifferences } from "./leaf-queue.ts";

/** Of what the kernel attached by itself. */
export const noHandle = "0:";

export interface RootLook {
  kind: string;
  handle: string;
  /** null: it is of another kind. */
  fqCodel: FqCodel | null;
  isFiltered: boolean;
  /** Of the device. */
  mtuBytes: number;
  /** What stands below it. */
  below: readonly { kind: string; handle: string; parent: string }[];
}

/**
 * Those that somebody may have put there under a handle, and that `tc` makes again as they were: the first
 * three have no settings at all, those of fq_codel are looked at.
 */
const comesBack: ReadonlySet<string> = new Set(["noqueue", "mq", "pfifo_fast", "fq_codel"]);

/** Whether somebody's filters can hang on it. The others have no classes for them (`tcf_block` in net/sched). */
export const takesFilters = (kind: string): boolean =>
  !["noqueue", "mq", "pfifo_fast", "fq", "pfifo", "bfifo"].includes(kind);

/** ETH_HLEN; a device without a link layer has none. */
const headerBytes = [14, 0];

/** fq_codel_init(), net/sched/sch_fq_codel.c: what `tc qdisc add root fq_codel` gives. */
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

/** Of one under a handle of somebody's own. Nothing: it is as `tc` makes it without a word. */
function fqCodelSettings(have: FqCodel, mtuBytes: number): string[] {
  // Of the frame that the device had when the qdisc was made (psched_mtu()).
  const usual = headerBytes.map((bytes) => mtuBytes + bytes);
  const quantumBytes = usual.find((bytes) => bytes === have.quantumBytes) ?? mtuBytes + 14;
  return fqCodelDifferences(plainFqCodel(quantumBytes), have);
}

const shown = 3;

/** "1:a" is the tenth queue of the device. */
const place = (parent: string): number => Number.parseInt(parent.split(":")[1] || "0", 16);

/** null: it is the kernel's, or can be put back exactly; "": it is somebody's; else what of it is. */
export function whyForeign(root: RootLook): string | null {
  const { kind, handle, fqCodel, isFiltered, mtuBytes, below } = root;
  if (handle !== noHandle && kind !== "fq" && !comesBack.has(kind)) return "";
  if (isFiltered) return "with somebody's filters";
  // A handle is given by whoever attaches it; the kernel's own have none, the queues below an mq included,
  // and nobody can change them without making another (tc_modify_qdisc, net/sched/sch_api.c).
  const others = below
    .filter((q) => q.handle !== noHandle)
    .sort((a, b) => place(a.parent) - place(b.parent));
  if (others.length > 0) {
    const listed = others.slice(0, shown).map((q) => `${q.kind} ${q.handle} at ${q.parent}`);
    return `with ${listed.join(", ")}${others.length > shown ? `, and ${others.length - shown} more` : ""} below it`;
  }
  // Of whatever kind: net.core.default_qdisc, or the driver, says which.
  if (handle === noHandle) return null;
  if (kind === "fq") return "which somebody put there, and whose settings could not be put back";
  const settings = fqCodel === null ? [] : fqCodelSettings(fqCodel, mtuBytes);
  return settings.length === 0
    ? null
    : `with settings that could not be put back: ${settings.map((s) => s.replace(", should be ", ", by default ")).join(", ")}`;
}

/** The command that gives the place back to the kernel. Its own has no handle, and cannot be deleted; what hangs on it can. */
export const clearing = (dev: string, name: string): string =>
  name.split(" ")[1] === noHandle ? `tc filter del dev ${dev}` : `tc qdisc del dev ${dev} root`;
