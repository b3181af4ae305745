/**
 * A change as data: a request to the kernel, with names where the kernel wants the numbers of this moment.
 */
import { concat, encodeAttribute } from "../netlink/codec.ts";
import type { Struct } from "../netlink/structs.ts";

/**
 * A link or a network namespace by name. The link's index, or the namespace's descriptor, is looked up when
 * the request is sent.
 */
export type Named = { link: string } | { netns: string };

/** A struct as a value, with its fields by name. */
interface Filled {
  struct: Struct;
  values: Record<string, number | Named>;
}

export interface Attribute {
  type: number;
  value: Uint8Array | Named | Nested | Filled;
}

/** Attributes inside an attribute, after a struct where it begins with one. */
interface Nested {
  header?: Uint8Array;
  attributes: Attribute[];
}

export interface Request {
  /** RTM_*. */
  type: number;
  /** NLM_F_* in addition to REQUEST and ACK. */
  flags: number;
  header: Filled;
  attributes: Attribute[];
}

export const requestOf = (
  type: number,
  flags: number,
  struct: Struct,
  values: Filled["values"],
  ...attributes: Attribute[]
): Request => ({ type, flags, header: { struct, values }, attributes });

/**
 * Something that knows the numbers of this moment. Throws NetlinkError for a link that is not there,
 * FairwayError for such a namespace.
 */
export interface Numbers {
  of(named: Named): number;
}

const number = (bytes: number, put: (view: DataView) => void): Uint8Array => {
  const out = new Uint8Array(bytes);
  put(new DataView(out.buffer));
  return out;
};

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => number(2, (v) => v.setUint16(0, value, true));
export const u32 = (value: number): Uint8Array => number(4, (v) => v.setUint32(0, value, true));
export const u64 = (value: number): Uint8Array =>
  number(8, (v) => v.setBigUint64(0, BigInt(value), true));
export const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);

export const attribute = (type: number, value: Attribute["value"]): Attribute => ({ type, value });
export const nested = (type: number, ...attributes: Attribute[]): Attribute => ({
  type,
  value: { attributes },
});

function encodeStruct({ struct, values }: Filled, numbers: Numbers): Uint8Array {
  const known: Record<string, number> = {};
  for (const name in values) {
    const value = values[name] ?? 0;
    known[name] = typeof value === "number" ? value : numbers.of(value);
  }
  return struct.encode(known);
}

function bytesOf(value: Attribute["value"], numbers: Numbers): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if ("struct" in value) return encodeStruct(value, numbers);
  if (!("attributes" in value)) return u32(numbers.of(value));
  const { header = new Uint8Array(), attributes } = value;
  return concat(header, ...attributes.map((inner) => encode(inner, numbers)));
}

/** Nested attributes are sent without NLA_F_NESTED, as iproute2 sends them to these parts of the kernel. */
function encode({ type, value }: Attribute, numbers: Numbers): Uint8Array {
  return encodeAttribute(type, bytesOf(value, numbers));
}

/** The message's body. */
export function encodeRequest({ header, attributes }: Request, numbers: Numbers): Uint8Array {
  return concat(encodeStruct(header, numbers), ...attributes.map((each) => encode(each, numbers)));
}
