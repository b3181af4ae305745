/** Messages that put elements into our sets and take them out, as `nft -f` sends them for the same lines. */
import type { Element } from "../../plan/kinds/element.ts";
import { tableOfSet } from "../../plan/names.ts";
import { concat, encodeAttribute, encodeNested, type Message } from "../netlink/codec.ts";
import {
  NFT_MSG,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_DATA_VALUE,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NLM_F,
} from "../netlink/tables.ts";
import { placeOf } from "../read/tables.ts";
import { handleNumber } from "../read/tc.ts";
import { after, encodeKey, encodeRun, setForm } from "../set-keys.ts";
import { text, u32 } from "./request.ts";

export interface ElementChange {
  /** Whether it is taken out. */
  isGone: boolean;
  element: Element;
}

/** Data: the bytes of a key, of a value or of an operand. */
export const valued = (type: number, bytes: Uint8Array): Uint8Array =>
  encodeNested(type, encodeAttribute(NFTA_DATA_VALUE, bytes));

/** A deletion names only the key, because the value may be another one by now. */
function plain({ isGone, element: { set, key, value } }: ElementChange): Uint8Array {
  const { KEY, DATA } = NFTA_SET_ELEM;
  const data = value === null || isGone ? [] : [valued(DATA, u32(handleNumber(value)))];
  return encodeNested(NFTA_LIST_ELEM, valued(KEY, encodeKey(set, key)), ...data);
}

/** nf_tables has its numbers big-endian. */
const endFlag = encodeAttribute(
  NFTA_SET_ELEM.FLAGS,
  Uint8Array.of(0, 0, 0, NFT_SET_ELEM_INTERVAL_END),
);

/** nft's note that a run has no end (libnftnl's udata.h: NFTNL_UDATA_SET_ELEM_FLAGS). */
const openNote = encodeAttribute(NFTA_SET_ELEM.USERDATA, Uint8Array.of(1, 4, 1, 0, 0, 0));

/**
 * In a set of one field a run is its first address and an end behind its last. nft puts an end at zero into
 * each such set, too, so that the kernel finds something below the first run.
 */
function ofOneField(
  isGone: boolean,
  [first, last]: readonly [Uint8Array, Uint8Array],
): Uint8Array[] {
  const { KEY } = NFTA_SET_ELEM;
  const endAt = (key: Uint8Array): Uint8Array =>
    encodeNested(NFTA_LIST_ELEM, valued(KEY, key), endFlag);
  const behind = after(last);
  const isFromZero = first.every((byte) => byte === 0);
  return [
    ...(isGone || isFromZero ? [] : [endAt(new Uint8Array(first.length))]),
    encodeNested(NFTA_LIST_ELEM, valued(KEY, first), ...(behind === null ? [openNote] : [])),
    ...(behind === null ? [] : [endAt(behind)]),
  ];
}

function run({ isGone, element: { set, key } }: ElementChange): Uint8Array[] {
  const ends = encodeRun(set, key);
  if (setForm(set).fields.length === 1) return ofOneField(isGone, ends);
  const [first, last] = ends;
  const { KEY, KEY_END } = NFTA_SET_ELEM;
  return [encodeNested(NFTA_LIST_ELEM, valued(KEY, first), valued(KEY_END, last))];
}

export function elementMessage(change: ElementChange): Omit<Message, "sequence"> {
  const { set } = change.element;
  const { header, name } = placeOf(tableOfSet(set));
  const { TABLE, SET, ELEMENTS } = NFTA_SET_ELEM_LIST;
  const elements = setForm(set).isInterval ? run(change) : [plain(change)];
  return {
    type: change.isGone ? NFT_MSG.DELSETELEM : NFT_MSG.NEWSETELEM,
    flags: NLM_F.REQUEST | (change.isGone ? 0 : NLM_F.CREATE),
    body: concat(
      header,
      encodeAttribute(TABLE, text(name)),
      encodeAttribute(SET, text(set)),
      encodeNested(ELEMENTS, ...elements),
    ),
  };
}
