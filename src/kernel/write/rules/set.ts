/** Sets and maps as nft declares them, with the notes by which nft lists them again in its own words. */
import type { Field, Listed } from "../../../plan/rules/instruction.ts";
import { fieldsOf, type SetType, type TypeName, wholeWords } from "../../../plan/rules/set-type.ts";
import { concat, encodeAttribute, encodeNested } from "../../netlink/codec.ts";
import * as nft from "../../netlink/nft-rules.ts";
import { text, u32 } from "../request.ts";
import { inList, number } from "./bytes.ts";
import { nameAttribute } from "./expression.ts";

/** nft's numbers for types and for the order of their bytes (its include/datatype.h). */
const order = { none: 0, host: 1, big: 2 } as const;
interface Type {
  number: number;
  bytes: number;
  order: keyof typeof order;
}
const types: Record<TypeName | "classid" | Listed["of"], Type> = {
  ipv4_addr: { number: 7, bytes: 4, order: "big" },
  ipv6_addr: { number: 8, bytes: 16, order: "big" },
  ether_addr: { number: 9, bytes: 6, order: "big" },
  inet_proto: { number: 12, bytes: 1, order: "host" },
  inet_service: { number: 13, bytes: 2, order: "big" },
  classid: { number: 23, bytes: 4, order: "host" },
  icmpv6_type: { number: 29, bytes: 1, order: "big" },
  ifname: { number: 41, bytes: 16, order: "host" },
};
/** The type of bytes that have no name. */
const integer = 4;
/** The types of a concatenation are one number, with so many bits for each. */
const bitsOfType = 6;

/** Notes are a type, a length and a value, of one byte each but the value (libnftnl's udata.h). */
const note = (type: number, ...value: Uint8Array[]): Uint8Array => {
  const bytes = concat(...value);
  return concat(Uint8Array.of(type, bytes.length), bytes);
};
const numberNote = (type: number, value: number): Uint8Array => note(type, u32(value));

/** NFTNL_UDATA_SET_* and NFTNL_UDATA_SET_TYPEOF_* of libnftnl's udata.h. */
const notes = { keyOrder: 0, dataOrder: 1, keyTypeof: 3, dataInterval: 6 } as const;
const typeofNotes = { expression: 0, data: 1 } as const;
/** The kinds of expressions in nft's language (its include/expression.h: EXPR_*). */
const kinds = { payload: 7, meta: 9, concat: 13 } as const;
/** nft's bases begin with the link layer at 1 (its include/proto.h: PROTO_BASE_*). */
const bases = { link: 1, network: 2, transport: 3 } as const;

const typeofNote = (kind: keyof typeof kinds, ...data: Uint8Array[]): Uint8Array =>
  concat(numberNote(typeofNotes.expression, kinds[kind]), note(typeofNotes.data, ...data));

function noteOfField({ from, bytes }: Field): Uint8Array {
  if ("meta" in from) return typeofNote("meta", numberNote(0, nft.NFT_META[from.meta]));
  return typeofNote(
    "payload",
    numberNote(0, 0),
    numberNote(1, 0),
    numberNote(2, bases[from.header]),
    numberNote(3, from.offsetBytes * 8),
    numberNote(4, bytes * 8),
  );
}

interface Part {
  number: number;
  bytes: number;
}

const partOfField = ({ from, bytes }: Field): Part => ({
  number: "meta" in from ? types.ifname.number : integer,
  bytes,
});

function notesOf(type: SetType, parts: readonly Part[]): Uint8Array {
  const [only, ...more] = type.key;
  const isPlain = typeof only === "string" && more.length === 0;
  const fields = fieldsOf(type);
  // What a key of several types is made of nft sees by the number of the type.
  const made = (fields ?? []).map((field, at) => note(at, noteOfField(field)));
  return concat(
    numberNote(notes.keyOrder, isPlain ? order[types[only].order] : order.none),
    ...(type.leadsToClass === true ? [numberNote(notes.dataOrder, order.host)] : []),
    ...(parts.length > 1 ? [note(notes.keyTypeof, typeofNote("concat", ...made))] : []),
    ...(type.leadsToClass === true ? [numberNote(notes.dataInterval, 0)] : []),
  );
}

function flagsOf({ leadsToClass, isInterval }: SetType, parts: readonly Part[]): number {
  return (
    (leadsToClass === true ? nft.NFT_SET.MAP : 0) |
    (isInterval === true ? nft.NFT_SET.INTERVAL : 0) |
    (isInterval === true && parts.length > 1 ? nft.NFT_SET.CONCAT : 0)
  );
}

/** An interval set of several fields has to know how long each is. */
function descriptionOf({ isInterval }: SetType, parts: readonly Part[]): Uint8Array[] {
  if (isInterval !== true || parts.length < 2) return [];
  const lengths = parts.map(({ bytes }) => inList(number(nft.NFTA_SET_FIELD_LEN, bytes)));
  return [encodeNested(nft.NFTA_SET.DESC, encodeNested(nft.NFTA_SET_DESC.CONCAT, ...lengths))];
}

function head(name: string, flags: number, key: Part, id: number): Uint8Array {
  const { NAME, FLAGS, KEY_TYPE, KEY_LEN, ID } = nft.NFTA_SET;
  return concat(
    encodeAttribute(NAME, text(name)),
    number(FLAGS, flags),
    number(KEY_TYPE, key.number),
    number(KEY_LEN, key.bytes),
    number(ID, id),
  );
}

function keyOf(parts: readonly Part[]): Part {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0) return only;
  return {
    number: parts.reduce((sum, part) => (sum << bitsOfType) | part.number, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + wholeWords(bytes), 0),
  };
}

/** `id` is its number in the transaction. */
export function setAttributes(name: string, type: SetType, id: number): Uint8Array {
  const parts = type.key.map((part) =>
    typeof part === "string" ? types[part] : partOfField(part),
  );
  const { DATA_TYPE, DATA_LEN, USERDATA, EXPR } = nft.NFTA_SET;
  return concat(
    head(name, flagsOf(type, parts), keyOf(parts), id),
    ...(type.leadsToClass === true
      ? [number(DATA_TYPE, types.classid.number), number(DATA_LEN, types.classid.bytes)]
      : []),
    ...descriptionOf(type, parts),
    encodeAttribute(USERDATA, notesOf(type, parts)),
    ...(type.counts === true
      ? [encodeNested(EXPR, encodeAttribute(nameAttribute, text("counter")), encodeNested(2))]
      : []),
  );
}

/** What a list in a rule is compared with, in nft's words: a field of ICMPv6 is the first of its header. */
const fieldOfList: Record<Listed["of"], Uint8Array> = {
  inet_proto: typeofNote("meta", numberNote(0, nft.NFT_META.l4proto)),
  // PROTO_DESC_ICMPV6 and ICMP6HDR_TYPE of nft's include/proto.h
  icmpv6_type: typeofNote("payload", numberNote(0, 14), numberNote(1, 1)),
};

/** The kernel gives the set a name of this pattern. */
export const patternOfListed = "__set%d";

export function listedAttributes({ of, values }: Listed, id: number): Uint8Array {
  const { DESC, USERDATA } = nft.NFTA_SET;
  const type = types[of];
  return concat(
    head(patternOfListed, nft.NFT_SET.ANONYMOUS | nft.NFT_SET.CONSTANT, type, id),
    encodeNested(DESC, number(nft.NFTA_SET_DESC.SIZE, values.length)),
    encodeAttribute(
      USERDATA,
      concat(numberNote(notes.keyOrder, order[type.order]), note(notes.keyTypeof, fieldOfList[of])),
    ),
  );
}
