/** The filters of a clsact qdisc, as far as we tell ours from others. */
import { redirectPref } from "../../plan/names.ts";
import { programBytes } from "../../plan/redirect.ts";
import { Attributes, type Message, viewOf } from "../netlink/codec.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import {
  clsactHooks,
  RTM,
  TCA,
  TCA_ACT,
  TCA_BPF,
  TCA_EGRESS_REDIR,
  TCA_MIRRED_PARMS,
} from "../netlink/tables.ts";
import { request, tcHeaderBytes } from "./tc.ts";

export interface HookFilters {
  /** What stands in our place on egress. */
  own: {
    /** The device that it sends to what our program lets through; null: it is another filter than ours. */
    toIndex: number | null;
  } | null;
  /** Whether there are others, on either side. */
  others: boolean;
}

const prefOf = ({ body }: Message): number => viewOf(body).getUint32(16, true) >>> 16;

/** One filter is several messages; the first of them has neither handle nor options. */
const hasHandle = ({ body }: Message): boolean => viewOf(body).getUint32(8, true) !== 0;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** struct tc_mirred: index, capab, action, refcnt, bindcnt, eaction, ifindex. */
const eactionAt = 20;
const ifindexAt = 24;

function targetOf(messages: readonly Message[]): number | null {
  const [message, ...more] = messages;
  if (message === undefined || more.length > 0) return null;
  const attributes = new Attributes(message.body, tcHeaderBytes);
  if (attributes.text(TCA.KIND) !== "bpf") return null;
  const options = attributes.nested(TCA.OPTIONS);
  const program = options?.bytes(TCA_BPF.OPS);
  if (program === undefined || !sameBytes(program, programBytes())) return null;
  const action = options?.nested(TCA_BPF.ACT)?.nested(1);
  const parms =
    action?.text(TCA_ACT.KIND) === "mirred"
      ? action.nested(TCA_ACT.OPTIONS)?.bytes(TCA_MIRRED_PARMS)
      : undefined;
  if (parms === undefined || viewOf(parms).getInt32(eactionAt, true) !== TCA_EGRESS_REDIR)
    return null;
  return viewOf(parms).getUint32(ifindexAt, true);
}

export function clsactFilters(socket: NetlinkSocket, ifindex: number): HookFilters {
  const dump = (hook: number): Message[] => socket.dump(RTM.GETTFILTER, request(ifindex, 0, hook));
  const egress = dump(clsactHooks.egress);
  const own = egress.filter((message) => prefOf(message) === redirectPref);
  return {
    own: own.length === 0 ? null : { toIndex: targetOf(own.filter(hasHandle)) },
    others: own.length < egress.length || dump(clsactHooks.ingress).length > 0,
  };
}
