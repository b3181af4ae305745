/** Elements of our sets, put in and taken out: one transaction of nf_tables, as `nft -f` makes of the same lines. */
import { tableOfSet } from "../../plan/names.ts";
import type { Element } from "../../plan/state.ts";
import { concat, encodeAttribute, encodeNested, type Message } from "../netlink/codec.ts";
import { type NetlinkError, NetlinkSocket } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import {
  NFNL_MSG_BATCH,
  NFNL_SUBSYS_NFTABLES_ID,
  NFT_MSG,
  NFTA_DATA_VALUE,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NLM_F,
} from "../netlink/tables.ts";
import { keyAttribute, listOf, placeOf } from "../read/tables.ts";
import { handleNumber } from "../read/tc.ts";
import { setForm } from "../set-keys.ts";
import { text, u32 } from "./request.ts";

export interface ElementChange {
  /** Whether it is taken out. */
  isGone: boolean;
  element: Element;
}

/** A run of addresses is more than one element to the kernel: nft knows how. */
export const hasMessage = ({ set }: Element): boolean => !setForm(set).isInterval;

type Unnumbered = Omit<Message, "sequence">;

const subsystem = nfgenmsg.encode({ resIdLow: NFNL_SUBSYS_NFTABLES_ID });
const begin: Unnumbered = { type: NFNL_MSG_BATCH.BEGIN, flags: NLM_F.REQUEST, body: subsystem };
const end: Unnumbered = { type: NFNL_MSG_BATCH.END, flags: NLM_F.REQUEST, body: subsystem };

export function elementMessage({
  isGone,
  element: { set, key, value },
}: ElementChange): Unnumbered {
  const { header, name } = placeOf(tableOfSet(set));
  const { TABLE, SET } = NFTA_SET_ELEM_LIST;
  // A deletion names the key alone: the value may be another by now.
  const data =
    value === null || isGone
      ? []
      : [
          encodeNested(
            NFTA_SET_ELEM.DATA,
            encodeAttribute(NFTA_DATA_VALUE, u32(handleNumber(value))),
          ),
        ];
  return {
    type: isGone ? NFT_MSG.DELSETELEM : NFT_MSG.NEWSETELEM,
    flags: NLM_F.REQUEST | (isGone ? 0 : NLM_F.CREATE),
    body: concat(
      header,
      encodeAttribute(TABLE, text(name)),
      encodeAttribute(SET, text(set)),
      listOf(keyAttribute(set, key), ...data),
    ),
  };
}

/**
 * The socket by which something was taken out last. Who closes it waits until the kernel has let go of
 * all that was taken out (nft_rcv_nl_event() in net/netfilter/nf_tables_api.c flushes work that takes
 * grace periods, 20 ms), also at the end of a process; so it is left for who has the time (send-off.ts).
 */
let unclosed: NetlinkSocket | null = null;

/** For the caller to close. */
export function takeUnclosed(): NetlinkSocket | null {
  const taken = unclosed;
  unclosed = null;
  return taken;
}

/** All or none. The first that was refused, by its index, and why; null: all are done. */
export function changeElements(
  changes: ElementChange[],
): { at: number; refused: NetlinkError } | null {
  const socket = new NetlinkSocket("netfilter");
  try {
    return socket.transaction(begin, changes.map(elementMessage), end);
  } finally {
    if (changes.some(({ isGone }) => isGone)) {
      takeUnclosed()?.[Symbol.dispose]();
      unclosed = socket;
    } else socket[Symbol.dispose]();
  }
}
