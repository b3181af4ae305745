/**
 * Qdiscs and classes, with the messages that tc sends for the same. They follow tc's arithmetic, too
 * (units.ts).
 */
import type { Step } from "../../plan/diff.ts";
import type { FqCodel } from "../../plan/leaf-queue.ts";
import { clsactParent } from "../../plan/names.ts";
import type { Qdisc, QdiscSpec, TrafficClass } from "../../plan/state.ts";
import { burstTicks } from "../../plan/units.ts";
import { concat } from "../netlink/codec.ts";
import {
  tcFifoQopt,
  tcHtbGlob,
  tcHtbOptRest,
  tcmsg,
  tcRatespec,
  tcTbfQoptRest,
} from "../netlink/structs.ts";
import {
  NLM_F,
  RTM,
  TC_H_ROOT,
  TC_LINKLAYER_ETHERNET,
  TCA,
  TCA_FQ_CODEL,
  TCA_HTB,
  TCA_TBF,
} from "../netlink/tables.ts";
import { handleNumber } from "../read/tc.ts";
import { type Attribute, attribute, nested, type Request, text, u32, u64 } from "./request.ts";

/** From this rate on, the rate is in an attribute of 64 bits, and the struct's field is all ones. */
const wideRate = 2 ** 32;

/**
 * If the link layer is given, the kernel asks for no rate table (psched_ratecfg_precompute has replaced
 * them).
 */
const ratespec = (rateBytes: number): Uint8Array =>
  tcRatespec.encode({
    linklayer: TC_LINKLAYER_ETHERNET,
    cellAlign: -1,
    rate: Math.min(rateBytes, wideRate - 1),
  });

const wide = (type: number, rateBytes: number): Attribute[] =>
  rateBytes >= wideRate ? [attribute(type, u64(rateBytes))] : [];

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

const kindOf = (spec: QdiscSpec): string => ("name" in spec ? spec.name : spec.type);

const parentNumber = (parent: string): number =>
  parent === "root" ? TC_H_ROOT : handleNumber(parent);

/**
 * A new qdisc replaces what the kernel attached, except where only somebody else's could be. A change keeps
 * the classes below.
 */
function flagsOf(op: Step["op"], parent: string): number {
  if (op !== "create") return 0;
  return NLM_F.CREATE | (parent === clsactParent ? NLM_F.EXCL : NLM_F.REPLACE);
}

export function qdiscRequest(op: Step["op"], { dev, parent, handle, spec }: Qdisc): Request {
  const place = { ifindex: { link: dev }, parent: parentNumber(parent) };
  if (op === "delete")
    return {
      type: RTM.DELQDISC,
      flags: 0,
      header: { struct: tcmsg, values: place },
      attributes: [],
    };
  return {
    type: RTM.NEWQDISC,
    flags: flagsOf(op, parent),
    header: { struct: tcmsg, values: { ...place, handle: handleNumber(handle) } },
    attributes: [attribute(TCA.KIND, text(kindOf(spec))), ...options(spec, op === "create")],
  };
}

export function classRequest(op: Step["op"], c: TrafficClass): Request {
  const place = { ifindex: { link: c.dev }, handle: handleNumber(c.classid) };
  if (op === "delete")
    return {
      type: RTM.DELTCLASS,
      flags: 0,
      header: { struct: tcmsg, values: place },
      attributes: [],
    };
  const rest = {
    buffer: burstTicks(c.burstBytes, c.rateBytes),
    cbuffer: burstTicks(c.cburstBytes, c.ceilBytes),
    quantum: c.quantumBytes,
    prio: c.prio,
  };
  // The class directly below the qdisc has the qdisc as its parent.
  const parent = c.parent === "root" ? `${c.classid.split(":")[0]}:` : c.parent;
  return {
    type: RTM.NEWTCLASS,
    flags: op === "create" ? NLM_F.CREATE | NLM_F.EXCL : 0,
    header: { struct: tcmsg, values: { ...place, parent: handleNumber(parent) } },
    attributes: [
      attribute(TCA.KIND, text("htb")),
      nested(
        TCA.OPTIONS,
        ...wide(TCA_HTB.RATE64, c.rateBytes),
        ...wide(TCA_HTB.CEIL64, c.ceilBytes),
        attribute(
          TCA_HTB.PARMS,
          concat(ratespec(c.rateBytes), ratespec(c.ceilBytes), tcHtbOptRest.encode(rest)),
        ),
      ),
    ],
  };
}
