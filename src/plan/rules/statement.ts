/** The statements of which both tables' rules are made. */
import type { Family } from "../ip.ts";
import type {
  Comparison,
  Field,
  Header,
  Instruction,
  MetaKey,
  Statement,
  Verdict,
} from "./instruction.ts";
import { wordBytes } from "./instruction.ts";

/** IFNAMSIZ, include/uapi/linux/if.h */
const nameBytes = 16;

/** A name fills its register with zeros, so that longer names differ. A pattern "fwv*" compares its beginning. */
function bytesOfName(name: string): number[] {
  const isPattern = name.endsWith("*");
  const bytes = Array.from(isPattern ? name.slice(0, -1) : name, (c) => c.charCodeAt(0));
  return isPattern ? bytes : bytes.concat(Array(nameBytes - bytes.length).fill(0));
}

const littleEndian = (value: number): number[] =>
  [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
const bigEndian = (value: number): number[] => littleEndian(value).reverse();

const load = ({ from, bytes }: Field, into = 0): Instruction => ({
  does: "load",
  from,
  bytes,
  into,
});

const compare = (is: Comparison, value: readonly number[]): Instruction => ({
  does: "compare",
  is,
  value,
});

const meta = (text: string, key: MetaKey, bytes: number): Field => ({
  text,
  bytes,
  from: { meta: key },
});

export const payload = (
  text: string,
  header: Header,
  offsetBytes: number,
  bytes: number,
): Field => ({ text, bytes, from: { header, offsetBytes } });

export const iifname = meta("iifname", "iifname", nameBytes);
export const oifname = meta("oifname", "oifname", nameBytes);
const iif = meta("iif", "iif", 4);
const length = meta("meta length", "length", 4);
const priority = meta("meta priority", "priority", 4);
const nfproto = meta("meta nfproto", "nfproto", 1);
const protocol = meta("meta l4proto", "l4proto", 1);
const packetType = meta("meta pkttype", "pkttype", 1);

/** Comparisons of fields with values. `shown` is the value as nft writes it. */
export function match(
  field: Field,
  is: Comparison,
  shown: string,
  value: readonly number[],
): Statement {
  const sign = is === "==" ? "" : `${is} `;
  return { text: `${field.text} ${sign}${shown}`, does: [load(field), compare(is, value)] };
}

export const named = (field: Field, is: "==" | "!=", name: string): Statement =>
  match(field, is, `"${name}"`, bytesOfName(name));

/** This matches what came in by no interface. */
export const fromNowhere = match(iif, "==", "0", littleEndian(0));

export const l4proto = (is: "==" | "!=", number: number): Statement =>
  match(protocol, is, String(number), [number]);

export const toThisHost = match(packetType, "==", "host", [0]);

/** The source is an address of this host (RTN_LOCAL). */
export const sourceIsLocal: Statement = {
  text: "fib saddr type local",
  does: [{ does: "load source type" }, compare("==", littleEndian(2))],
};

export const shorterThan = (bytes: number): Statement => ({
  text: `meta length < ${bytes}`,
  does: [load(length), { does: "to network order", bytes: 4 }, compare("<", bigEndian(bytes))],
});

/** `shown` are the ends as nft writes classes, `ends` the same as numbers. */
export const priorityWithin = (
  shown: readonly [string, string],
  ends: readonly [number, number],
): Statement => ({
  text: `meta priority ${shown.join("-")}`,
  does: [
    load(priority),
    { does: "to network order", bytes: 4 },
    compare(">=", bigEndian(ends[0])),
    compare("<=", bigEndian(ends[1])),
  ],
});

/** The packet is of this family, which a table of several has to ask for. nft's language has it in the fields. */
export const isFamily: Record<Family, readonly Instruction[]> = {
  4: [load(nfproto), compare("==", [2])],
  6: [load(nfproto), compare("==", [10])],
};

/** Fields that lie side by side in the registers, each in whole words, as a set's key has them. */
function loadAll(fields: readonly Field[]): Instruction[] {
  let word = 0;
  return fields.map((field) => {
    const at = word;
    word += Math.ceil(field.bytes / wordBytes);
    return load(field, at);
  });
}

/** `first` is what has to be asked before. */
export const isIn = (
  fields: readonly Field[],
  set: string,
  { first = [], isNegated = false }: { first?: readonly Instruction[]; isNegated?: boolean } = {},
): Statement => ({
  text: `${fields.map(({ text }) => text).join(" . ")} ${isNegated ? "!= " : ""}@${set}`,
  does: [...first, ...loadAll(fields), { does: "look up", set, isNegated, into: null }],
});

const braced = (values: readonly number[]): string => `{ ${values.join(", ")} }`;

export const l4protoIn = (values: readonly number[]): Statement => ({
  text: `meta l4proto ${braced(values)}`,
  does: [
    load(protocol),
    { does: "look up", set: { of: "inet_proto", values }, isNegated: false, into: null },
  ],
});

/** The first byte of an ICMPv6 message. The packet has to be one, which is asked for first. */
const icmpv6Field = payload("icmpv6 type", "transport", 0, 1);
const isIcmpv6: readonly Instruction[] = [load(protocol), compare("==", [58])];

export const icmpv6TypeIn = (is: "==" | "!=", values: readonly number[]): Statement => ({
  text: `icmpv6 type ${is === "!=" ? "!= " : ""}${braced(values)}`,
  does: [
    ...isIcmpv6,
    load(icmpv6Field),
    {
      does: "look up",
      set: { of: "icmpv6_type", values },
      isNegated: is === "!=",
      into: null,
    },
  ],
});

/** The same for one type, behind a statement that has asked for ICMPv6 already. */
export const icmpv6Type = (value: number): Statement =>
  match(icmpv6Field, "==", String(value), [value]);

export const setPriority = (
  field: Field,
  map: string,
  first: readonly Instruction[] = [],
): Statement => ({
  text: `meta priority set ${field.text} map @${map}`,
  does: [
    ...first,
    load(field),
    { does: "look up", set: map, isNegated: false, into: 0 },
    { does: "set", meta: "priority" },
  ],
});

export const clearPriority: Statement = {
  text: "meta priority set none",
  does: [
    { does: "put", value: littleEndian(0) },
    { does: "set", meta: "priority" },
  ],
};

export const setMark = (mark: number): Statement => ({
  text: `meta mark set 0x${mark.toString(16)}`,
  does: [
    { does: "put", value: littleEndian(mark) },
    { does: "set", meta: "mark" },
  ],
});

export const limitOver = (bytesPerSecond: number, burstBytes: number): Statement => ({
  text: `limit rate over ${bytesPerSecond} bytes/second burst ${burstBytes} bytes`,
  does: [{ does: "limit", bytesPerSecond, burstBytes }],
});

export const masquerade: Statement = { text: "masquerade", does: [{ does: "masquerade" }] };

const ending = (verdict: Verdict): Statement => ({
  text: verdict,
  does: [{ does: "verdict", verdict }],
});
export const accept = ending("accept");
export const drop = ending("drop");
export const goBack = ending("return");

/** Bytes of a header, without a name. */
export const areBytes = (
  header: Header,
  offsetBytes: number,
  value: readonly number[],
): readonly Instruction[] => [
  load(payload("", header, offsetBytes, value.length)),
  compare("==", value),
];

/**
 * Several statements, with other instructions than each has by itself: nft compares at once what lies side by
 * side in a header.
 */
export const merged = (
  statements: readonly Statement[],
  ...does: readonly (readonly Instruction[])[]
): Statement => ({ text: statements.map(({ text }) => text).join(" "), does: does.flat() });

/** A frame of which these bits of the field are as in the value. */
export const masked = (field: Field, shown: string, mask: readonly number[]): Statement => ({
  text: `${field.text} & ${shown} == ${shown}`,
  does: [load(field), { does: "mask", mask }, compare("==", mask)],
});

/** The packet is a fragment, and not the first. */
export const laterFragment: Statement = {
  text: "frag frag-off != 0",
  does: [
    { does: "load fragment", offsetBytes: 2, bytes: 2 },
    { does: "mask", mask: [0xff, 0xf8] },
    compare("!=", [0, 0]),
  ],
};
