/** Elements of our sets, put in and taken out: one transaction of nf_tables, as `nft -f` makes of the same lines. */
import { tableOfSet } from "../../plan/names.ts";
import type { Element } from "../../plan/state.ts";
import { concat, encodeAttribute, encodeNested, type Message } from "../netlink/codec.ts";
import { NetlinkSocket, type Refused } from "../netlink/socket.ts";
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
import { recordOwn } from "../own-generations.ts";
import { elementHash, generationOf } from "../read/table-digest.ts";
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

function elementMessage({ isGone, element: { set, key, value } }: ElementChange): Unnumbered {
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

/** For other messages to the same part of the kernel: that socket where there is one, so that no other has to be closed. */
export function withNetfilterSocket<T>(use: (socket: NetlinkSocket) => T): T {
  if (unclosed !== null) return use(unclosed);
  using socket = new NetlinkSocket("netfilter");
  return use(socket);
}

/** The kernel tells of its transaction where the first change of it asks for an echo (nf_tables_gen_notify()). */
const echoed = (message: Unnumbered, index: number): Unnumbered =>
  index === 0 ? { ...message, flags: message.flags | NLM_F.ECHO } : message;

/** What changed nothing makes no generation. */
function recordTransaction(changes: ElementChange[], told: Message[]): void {
  const made = told.find(({ type }) => type === NFT_MSG.NEWGEN);
  if (made === undefined) return;
  let added = 0;
  for (const { isGone, element } of changes)
    added += isGone ? -elementHash(element) : elementHash(element);
  recordOwn(generationOf(made), added);
}

/** All or none. The first that was refused, by its index, and why; null: all are done. */
export function changeElements(changes: ElementChange[]): Refused | null {
  const socket = new NetlinkSocket("netfilter");
  try {
    const messages = changes.map(elementMessage).map(echoed);
    const { failure, told } = socket.transaction(begin, messages, end);
    if (failure === null) recordTransaction(changes, told);
    return failure;
  } finally {
    if (changes.some(({ isGone }) => isGone)) {
      takeUnclosed()?.[Symbol.dispose]();
      unclosed = socket;
    } else socket[Symbol.dispose]();
  }
}
