import { parentHandle, type TrafficClass } from "../../plan/kinds/class.ts";
import type { Op } from "../../plan/kinds/kind.ts";
import { burstBytes, burstTicks } from "../../plan/units.ts";
import { concat } from "../netlink/codec.ts";
import { tcHtbOptRest, tcmsg } from "../netlink/structs.ts";
import { NLM_F, RTM, TCA, TCA_HTB } from "../netlink/tables.ts";
import { type ClassEntry, handleNumber } from "../read/tc.ts";
import { ratespec, wide } from "../write/rates.ts";
import { attribute, nested, type Request, requestOf, text } from "../write/request.ts";
import { dumpFrom, type KernelKind } from "./kind.ts";

export function classObject(dev: string, { handle, parent, htb }: ClassEntry): TrafficClass | null {
  if (htb === undefined) return null;
  return {
    kind: "class",
    dev,
    classid: handle,
    parent,
    burstBytes: burstBytes(htb.burstTicks, htb.rateBytes),
    cburstBytes: burstBytes(htb.cburstTicks, htb.ceilBytes),
    ...htb,
  };
}

/** tc sends the same, and its arithmetic is followed, too (units.ts). */
function request(op: Op, c: TrafficClass): Request {
  const place = { ifindex: { link: c.dev }, handle: handleNumber(c.classid) };
  if (op === "delete") return requestOf(RTM.DELTCLASS, 0, tcmsg, place);
  const rest = {
    buffer: burstTicks(c.burstBytes, c.rateBytes),
    cbuffer: burstTicks(c.cburstBytes, c.ceilBytes),
    quantum: c.quantumBytes,
    prio: c.prio,
  };
  return requestOf(
    RTM.NEWTCLASS,
    op === "create" ? NLM_F.CREATE | NLM_F.EXCL : 0,
    tcmsg,
    { ...place, parent: handleNumber(parentHandle(c)) },
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
  );
}

export const trafficClass: KernelKind<"class"> = {
  observe: (look, { dev, classid }) => {
    const entry = look.trafficClass(dev, classid);
    return entry === null ? null : classObject(dev, entry);
  },
  preload: (look, wanted) => {
    for (const [dev, { length }] of Map.groupBy(wanted, (each) => each.dev))
      if (length >= dumpFrom) look.loadClasses(dev);
  },
  message: request,
};
