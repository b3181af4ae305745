/**
 * The filter that leads a pod's packets through the IFB. The message is the one that tc sends for the same
 * line.
 */
import type { Step } from "../../plan/diff.ts";
import { redirectPref } from "../../plan/names.ts";
import { markProgram, programBytes } from "../../plan/redirect.ts";
import type { Redirect } from "../../plan/state.ts";
import { tcMirred, tcmsg } from "../netlink/structs.ts";
import {
  clsactHooks,
  ETH_P_ALL,
  NLM_F,
  RTM,
  TC_ACT_STOLEN,
  TCA,
  TCA_ACT,
  TCA_BPF,
  TCA_EGRESS_REDIR,
  TCA_MIRRED_PARMS,
} from "../netlink/tables.ts";
import { type Attribute, attribute, nested, type Request, text, u16 } from "./request.ts";

/** tcm_info has the preference above the protocol. The protocol is in the byte order of the wire. */
const place = redirectPref * 0x10000 + ETH_P_ALL * 0x100;

/** A filter has room for several actions, and the list counts from 1. */
const firstAction = 1;

const redirectTo = (link: string): Attribute =>
  nested(
    TCA_BPF.ACT,
    nested(
      firstAction,
      attribute(TCA_ACT.KIND, text("mirred")),
      nested(
        TCA_ACT.OPTIONS,
        attribute(TCA_MIRRED_PARMS, {
          struct: tcMirred,
          values: { action: TC_ACT_STOLEN, eaction: TCA_EGRESS_REDIR, ifindex: { link } },
        }),
      ),
    ),
  );

/** Throws RangeError for a redirect that leads nowhere. Only an observed one does, and that is never made. */
export function redirectRequest(op: Step["op"], { dev, to }: Redirect): Request {
  const values = { ifindex: { link: dev }, parent: clsactHooks.egress, info: place };
  if (op === "delete")
    return { type: RTM.DELTFILTER, flags: 0, header: { struct: tcmsg, values }, attributes: [] };
  if (to === null) throw new RangeError(`the redirect of ${dev} has no target`);
  return {
    type: RTM.NEWTFILTER,
    flags: NLM_F.CREATE,
    header: { struct: tcmsg, values: { ...values, handle: 1 } },
    attributes: [
      attribute(TCA.KIND, text("bpf")),
      nested(
        TCA.OPTIONS,
        redirectTo(to),
        attribute(TCA_BPF.OPS_LEN, u16(markProgram.length)),
        attribute(TCA_BPF.OPS, programBytes()),
      ),
    ],
  };
}
