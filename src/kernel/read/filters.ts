/** The filters of a clsact qdisc, as far as we need to tell ours from others. */
import { redirectPref } from "../../plan/names.ts";
import { programBytes } from "../../plan/redirect.ts";
import { Attributes, type Message } from "../netlink/codec.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { tcMirred, tcmsg } from "../netlink/structs.ts";
import {
  clsactHooks,
  RTM,
  TCA,
  TCA_ACT,
  TCA_BPF,
  TCA_EGRESS_REDIR,
  TCA_MIRRED_PARMS,
  tcaActOf,
} from "../netlink/tables.ts";
import { request } from "./tc.ts";

export interface HookFilters {
  /** The filter in our place on egress. */
  own: {
    /**
     * The device to which it sends what our program lets through. null means none, or that it is another
     * filter than ours.
     */
    toIndex: number | null;
  } | null;
  /** Whether there are other filters, on egress or ingress. */
  others: boolean;
}

const prefOf = ({ body }: Message): number => tcmsg.decode(body).info >>> 16;

/** One filter comes as several messages. The first of them has neither handle nor options. */
const hasHandle = ({ body }: Message): boolean => tcmsg.decode(body).handle !== 0;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** The target of the first action. null means that the action does not redirect, or that it leads nowhere. */
function redirectOf(actions: Attributes | undefined): number | null {
  const action = actions?.nested(1);
  if (action?.text(TCA_ACT.KIND) !== "mirred") return null;
  const parms = action.nested(TCA_ACT.OPTIONS)?.bytes(TCA_MIRRED_PARMS);
  if (parms === undefined) return null;
  const { eaction, ifindex } = tcMirred.decode(parms);
  // 0 means that the device that it led to is gone.
  return eaction === TCA_EGRESS_REDIR && ifindex !== 0 ? ifindex : null;
}

/** The devices to which filters send what comes in by a device. */
export function redirectTargets(socket: NetlinkSocket, ifindex: number): number[] {
  const found = socket
    .dump(RTM.GETTFILTER, request(ifindex, 0, clsactHooks.ingress))
    .flatMap(({ body }) => {
      const attributes = new Attributes(body, tcmsg.bytes);
      const kind = tcaActOf[attributes.text(TCA.KIND) ?? ""];
      const actions = kind === undefined ? undefined : attributes.nested(TCA.OPTIONS)?.nested(kind);
      return redirectOf(actions) ?? [];
    });
  return [...new Set(found)];
}

function targetOf(messages: readonly Message[]): number | null {
  const [message, ...more] = messages;
  if (message === undefined || more.length > 0) return null;
  const attributes = new Attributes(message.body, tcmsg.bytes);
  if (attributes.text(TCA.KIND) !== "bpf") return null;
  const options = attributes.nested(TCA.OPTIONS);
  const program = options?.bytes(TCA_BPF.OPS);
  if (program === undefined || !sameBytes(program, programBytes())) return null;
  return redirectOf(options?.nested(TCA_BPF.ACT));
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
