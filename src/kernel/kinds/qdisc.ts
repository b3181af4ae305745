import type { Op } from "../../plan/kinds/kind.ts";
import { type Qdisc, type QdiscSpec, qdiscOf, specName } from "../../plan/kinds/qdisc.ts";
import type { FqCodel } from "../../plan/leaf-queue.ts";
import * as names from "../../plan/names.ts";
import { noHandle, type RootLook, takesFilters, whyForeign } from "../../plan/root.ts";
import { burstBytesOfTbf, burstTicks } from "../../plan/units.ts";
import type { Look } from "../look.ts";
import { concat } from "../netlink/codec.ts";
import { tcFifoQopt, tcHtbGlob, tcmsg, tcRatespec, tcTbfQoptRest } from "../netlink/structs.ts";
import {
  IFLA,
  NLM_F,
  RTM,
  TC_H_ROOT,
  TCA,
  TCA_FQ_CODEL,
  TCA_HTB,
  TCA_TBF,
} from "../netlink/tables.ts";
import { handleNumber, type QdiscEntry } from "../read/tc.ts";
import { setLink } from "../write/links.ts";
import { ratespec, wide } from "../write/rates.ts";
import {
  type Attribute,
  attribute,
  nested,
  type Request,
  requestOf,
  text,
  u32,
} from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

function rootSpec(look: Look, dev: string, entry: QdiscEntry): QdiscSpec {
  if (entry.kind === "tbf" && entry.handle === names.tbfHandle && entry.tbf !== undefined)
    return {
      type: "tbf",
      burstBytes: burstBytesOfTbf(entry.tbf.burstTicks, entry.tbf.rateBytes),
      ...entry.tbf,
    };
  const name = `${entry.kind} ${entry.handle}`;
  const why = whyForeign(rootLook(look, dev, entry));
  if (why === null) return { type: "default", name };
  return { type: "foreign", name: why === "" ? name : `${name} (${why})` };
}

function rootLook(look: Look, dev: string, { kind, handle, fqCodel }: QdiscEntry): RootLook {
  return {
    kind,
    handle,
    fqCodel: fqCodel ?? null,
    // For a qdisc of somebody's own this matters only where that qdisc could be put back.
    isFiltered:
      takesFilters(kind) &&
      (handle === noHandle || kind === "fq_codel") &&
      look.filtered(dev, handle),
    mtuBytes: look.link(dev)?.mtuBytes ?? 0,
    // The other kinds have nothing below them.
    below:
      kind === "mq"
        ? look.qdiscs(dev).filter((q) => q.parent !== "root" && q.parent !== names.clsactParent)
        : [],
  };
}

/** The settings of a queue that is not a root's. */
export function innerSpec(entry: QdiscEntry): QdiscSpec {
  if (entry.htb !== undefined) return { type: "htb", ...entry.htb };
  if (entry.kind === "bfifo" && entry.fifo !== undefined)
    return { type: "bfifo", limitBytes: entry.fifo.limit };
  if (entry.fqCodel !== undefined) return entry.fqCodel;
  return { type: "default", name: entry.kind };
}

/** The `ingress` qdisc has the same place as clsact, but no room for a filter on egress. */
function hookSpec(look: Look, dev: string, { kind, handle }: QdiscEntry): QdiscSpec {
  return kind === "clsact"
    ? { type: "clsact", shared: look.filters(dev).others, txQueueLength: null }
    : { type: "foreign", name: `${kind} ${handle}` };
}

export function qdiscObject(look: Look, dev: string, entry: QdiscEntry): Qdisc {
  const { parent, handle } = entry;
  if (parent === names.clsactParent)
    return qdiscOf(dev, parent, handle, hookSpec(look, dev, entry));
  const spec = parent === "root" ? rootSpec(look, dev, entry) : innerSpec(entry);
  return qdiscOf(dev, parent, handle, spec);
}

function tbf(spec: Extract<QdiscSpec, { type: "tbf" }>): Attribute {
  const { rateBytes, burstBytes, limitBytes } = spec;
  const rest = { limit: limitBytes, buffer: burstTicks(burstBytes, rateBytes) };
  return nested(
    TCA.OPTIONS,
    attribute(
      TCA_TBF.PARMS,
      concat(ratespec(rateBytes), tcRatespec.encode({}), tcTbfQoptRest.encode(rest)),
    ),
    attribute(TCA_TBF.BURST, u32(burstBytes)),
    ...wide(TCA_TBF.RATE64, rateBytes),
  );
}

/**
 * HTB's version is 3. `rate2quantum` is tc's own value (tc/q_htb.c): so many bytes of a rate make one byte of
 * a quantum that is not given.
 */
const htbGlob = { version: 3, rate2quantum: 10 };

/**
 * The number of flows is given only when the queue is made: afterwards the kernel refuses it, even the same
 * number.
 */
function fqCodel(spec: FqCodel, isNew: boolean): Attribute {
  return nested(
    TCA.OPTIONS,
    attribute(TCA_FQ_CODEL.LIMIT, u32(spec.limitPackets)),
    ...(isNew ? [attribute(TCA_FQ_CODEL.FLOWS, u32(spec.flows))] : []),
    attribute(TCA_FQ_CODEL.QUANTUM, u32(spec.quantumBytes)),
    attribute(TCA_FQ_CODEL.INTERVAL, u32(spec.intervalUs)),
    attribute(TCA_FQ_CODEL.TARGET, u32(spec.targetUs)),
    attribute(TCA_FQ_CODEL.ECN, u32(spec.ecn ? 1 : 0)),
    ...(spec.ceThresholdUs === null
      ? []
      : [attribute(TCA_FQ_CODEL.CE_THRESHOLD, u32(spec.ceThresholdUs))]),
    attribute(TCA_FQ_CODEL.MEMORY_LIMIT, u32(spec.memoryLimitBytes)),
    attribute(TCA_FQ_CODEL.DROP_BATCH_SIZE, u32(spec.dropBatchPackets)),
  );
}

function options(spec: QdiscSpec, isNew: boolean): Attribute[] {
  switch (spec.type) {
    case "tbf":
      return [tbf(spec)];
    case "htb":
      return [
        nested(
          TCA.OPTIONS,
          attribute(TCA_HTB.INIT, tcHtbGlob.encode({ ...htbGlob, defcls: spec.defaultMinor })),
        ),
      ];
    case "bfifo":
      return [attribute(TCA.OPTIONS, tcFifoQopt.encode({ limit: spec.limitBytes }))];
    case "fq_codel":
      return [fqCodel(spec, isNew)];
    case "clsact":
    case "default":
    case "foreign":
      return [];
  }
}

const parentNumber = (parent: string): number =>
  parent === "root" ? TC_H_ROOT : handleNumber(parent);

/**
 * A new qdisc replaces what the kernel attached, except where only somebody else's could be. A change keeps
 * the classes below.
 */
function flagsOf(op: Op, parent: string): number {
  if (op !== "create") return 0;
  return NLM_F.CREATE | (parent === names.clsactParent ? NLM_F.EXCL : NLM_F.REPLACE);
}

/** tc sends the same, and its arithmetic is followed, too (units.ts). */
function request(op: Op, { dev, parent, handle, spec }: Qdisc): Request {
  const place = { ifindex: { link: dev }, parent: parentNumber(parent) };
  if (op === "delete") return requestOf(RTM.DELQDISC, 0, tcmsg, place);
  return requestOf(
    RTM.NEWQDISC,
    flagsOf(op, parent),
    tcmsg,
    { ...place, handle: handleNumber(handle) },
    attribute(TCA.KIND, text(specName(spec))),
    ...options(spec, op === "create"),
  );
}

/** A base and a pod have ten to somewhat over twenty qdiscs, and one more for each host class. */
const dumpFrom = 32;

export const qdisc: KernelKind<"qdisc"> = {
  observe: (look, { dev, parent }) => {
    const entry = look.qdisc(dev, parent);
    return entry === null ? null : qdiscObject(look, dev, entry);
  },
  // Qdiscs can only be dumped for all devices at once.
  preload: (look, wanted) => {
    if (wanted.length >= dumpFrom) look.loadQdiscs();
  },
  message: (does, object) =>
    typeof does === "string"
      ? request(does, object)
      : setLink(object.dev, null, attribute(IFLA.TXQLEN, u32(does.txQueueLength))),
};
