/**
 * Puts elements into our sets and takes them out, in one transaction of nf_tables, as `nft -f` does with the
 * same lines.
 */
import type { Element } from "../../plan/kinds/element.ts";
import { tableOfSet } from "../../plan/names.ts";
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
import { text, u32 } from "./request.ts";

export interface ElementChange {
  /** Whether it is taken out. */
  isGone: boolean;
  element: Element;
}

type Unnumbered = Omit<Message, "sequence">;

const subsystem = nfgenmsg.encode({ resIdLow: NFNL_SUBSYS_NFTABLES_ID });
const begin: Unnumbered = { type: NFNL_MSG_BATCH.BEGIN, flags: NLM_F.REQUEST, body: subsystem };
const end: Unnumbered = { type: NFNL_MSG_BATCH.END, flags: NLM_F.REQUEST, body: subsystem };

function elementMessage({ isGone, element: { set, key, value } }: ElementChange): Unnumbered {
  const { header, name } = placeOf(tableOfSet(set));
  const { TABLE, SET } = NFTA_SET_ELEM_LIST;
  // A deletion names only the key, because the value may be another one by now.
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
 * The last socket by which something was taken out. Whoever closes it waits until the kernel has released
 * everything that was taken out (nft_rcv_nl_event() in net/netfilter/nf_tables_api.c flushes work that takes
 * grace periods, 20 ms). This also holds at the end of a process. So the socket is left to somebody who has
 * the time (send-off.ts).
 */
let unclosed: NetlinkSocket | null = null;

/** The caller has to close the socket that it gets. */
export function takeUnclosed(): NetlinkSocket | null {
  const taken = unclosed;
  unclosed = null;
  return taken;
}

/**
 * Gives a socket for other messages to the same part of the kernel. It is that socket where there is one, so
 * that no other has to be closed.
 */
export function withNetfilterSocket<T>(use: (socket: NetlinkSocket) => T): T {
  if (unclosed !== null) return use(unclosed);
  using socket = new NetlinkSocket("netfilter");
  return use(socket);
}

/** The kernel tells about the transaction if its first change asks for an echo (nf_tables_gen_notify()). */
const echoed = (message: Unnumbered, index: number): Unnumbered =>
  index === 0 ? { ...message, flags: message.flags | NLM_F.ECHO } : message;

/** A transaction that changed nothing makes no generation. */
function recordTransaction(changes: ElementChange[], told: Message[]): void {
  const made = told.find(({ type }) => type === NFT_MSG.NEWGEN);
  if (made === undefined) return;
  let added = 0;
  for (const { isGone, element } of changes)
    added += isGone ? -elementHash(element) : elementHash(element);
  recordOwn(generationOf(made), added);
}

/**
 * Makes all changes or none. The result is the index of the first that was refused, and why; null means that
 * all are done.
 */
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
