import type { Op } from "../../plan/kinds/kind.ts";
import type { Redirect } from "../../plan/kinds/redirect.ts";
import { redirectPref } from "../../plan/names.ts";
import { markProgram, programBytes } from "../../plan/redirect.ts";
import type { Look } from "../look.ts";
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
import {
  type Attribute,
  attribute,
  nested,
  type Request,
  requestOf,
  text,
  u16,
} from "../write/request.ts";
import type { KernelKind } from "./kind.ts";

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

export function redirectObject(look: Look, dev: string): Redirect | null {
  const { own } = look.filters(dev);
  if (own === null) return null;
  const to = own.toIndex === null ? null : (look.linkNumbered(own.toIndex)?.name ?? null);
  return { kind: "redirect", dev, to };
}

/** Throws RangeError for a redirect that leads nowhere. Only an observed one does, and that is never made. */
function request(op: Op, { dev, to }: Redirect): Request {
  const values = { ifindex: { link: dev }, parent: clsactHooks.egress, info: place };
  if (op === "delete") return requestOf(RTM.DELTFILTER, 0, tcmsg, values);
  if (to === null) throw new RangeError(`the redirect of ${dev} has no target`);
  return requestOf(
    RTM.NEWTFILTER,
    NLM_F.CREATE,
    tcmsg,
    { ...values, handle: 1 },
    attribute(TCA.KIND, text("bpf")),
    nested(
      TCA.OPTIONS,
      redirectTo(to),
      attribute(TCA_BPF.OPS_LEN, u16(markProgram.length)),
      attribute(TCA_BPF.OPS, programBytes()),
    ),
  );
}

export const redirect: KernelKind<"redirect"> = {
  observe: (look, { dev }) => redirectObject(look, dev),
  message: request,
};
