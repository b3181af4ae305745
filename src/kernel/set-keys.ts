/** The contents of our sets: keys and values are text in a plan and bytes in the kernel. */
import { guardSets, type KeyField } from "../plan/guard.ts";
import { bytesOfIp, families, ipOfBytes, valueOfBytes } from "../plan/ip.ts";
import {
  classMap,
  hostPortMap,
  masqueradeExceptSet,
  masqueradeSet,
  portSet,
  table,
} from "../plan/names.ts";

interface FieldForm {
  bytes: number;
  encode: (text: string) => ArrayLike<number>;
  decode: (bytes: Uint8Array) => string;
}

const hexBytes = (text: string): number[] =>
  (text.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
const hexText = (bytes: Uint8Array, between = ""): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(between);

const hexForm = (bytes: number): FieldForm => ({
  bytes,
  encode: (text) => hexBytes(text.slice("0x".length)),
  decode: (value) => `0x${hexText(value)}`,
});
const ipForm = (bytes: number): FieldForm => ({ bytes, encode: bytesOfIp, decode: ipOfBytes });

/** IFNAMSIZ, include/uapi/linux/if.h */
const nameBytes = 16;

const forms: Record<KeyField | "port", FieldForm> = {
  ifname: {
    bytes: nameBytes,
    encode: (text) => new TextEncoder().encode(text),
    decode: (bytes) => new TextDecoder().decode(bytes).replace(/\0.*$/s, ""),
  },
  mac: {
    bytes: 6,
    encode: (text) => hexBytes(text.replaceAll(":", "")),
    decode: (bytes) => hexText(bytes, ":"),
  },
  ip4: ipForm(4),
  ip6: ipForm(16),
  hex48: hexForm(6),
  hex128: hexForm(16),
  port: {
    bytes: 2,
    encode: (text) => [Number(text) >> 8, Number(text) & 255],
    decode: ([high = 0, low = 0]) => String(high * 256 + low),
  },
};

export interface SetForm {
  name: string;
  fields: readonly (keyof typeof forms)[];
  /** Whether each field of a key is a run of addresses. */
  isInterval: boolean;
}

const ipField = { 4: "ip4", 6: "ip6" } as const;

/** The sets of the table `inet fairway`, as its ruleset declares them (plan/ruleset.ts). */
const inetSets: readonly SetForm[] = [
  ...families.flatMap((family): SetForm[] => [
    { name: classMap[family], fields: [ipField[family]], isInterval: false },
    { name: masqueradeSet[family], fields: [ipField[family]], isInterval: true },
    {
      name: masqueradeExceptSet[family],
      fields: [ipField[family], ipField[family]],
      isInterval: true,
    },
  ]),
  { name: hostPortMap, fields: ["port"], isInterval: false },
  { name: portSet, fields: ["ifname"], isInterval: false },
];
const bridgeSets: readonly SetForm[] = guardSets.map(({ name, fields }) => ({
  name,
  fields,
  isInterval: false,
}));

const byName = new Map([...inetSets, ...bridgeSets].map((form) => [form.name, form]));

export const setsOf = (tableName: string): readonly SetForm[] =>
  tableName === table ? inetSets : bridgeSets;

/** Throws RangeError for a set that is not ours. */
export function setForm(set: string): SetForm {
  const known = byName.get(set);
  if (known === undefined) throw new RangeError(`no set ${set}`);
  return known;
}

/** Each field of a concatenation fills whole 32-bit registers. */
const padded = (bytes: number): number => (bytes + 3) & ~3;

const fieldsOf = (set: string): FieldForm[] => setForm(set).fields.map((field) => forms[field]);

const keyBytes = (fields: FieldForm[]): number =>
  fields.reduce((sum, { bytes }) => sum + padded(bytes), 0);

/** A key of one field is as long as that field. In a key of several fields each takes whole registers. */
const lengthOf = (fields: FieldForm[]): number =>
  fields.length === 1 ? (fields[0]?.bytes ?? 0) : keyBytes(fields);

/** Throws RangeError for a set that is not ours. */
export function encodeKey(set: string, key: string): Uint8Array {
  const fields = fieldsOf(set);
  const texts = key.split(" . ");
  const out = new Uint8Array(lengthOf(fields));
  let at = 0;
  for (const [index, { bytes, encode }] of fields.entries()) {
    out.set(encode(texts[index] ?? ""), at);
    at += padded(bytes);
  }
  return out;
}

function fieldsIn(fields: FieldForm[], key: Uint8Array): Uint8Array[] | null {
  if (key.length !== lengthOf(fields)) return null;
  let at = 0;
  return fields.map(({ bytes }) => {
    const field = key.subarray(at, at + bytes);
    at += padded(bytes);
    return field;
  });
}

/** null means that the bytes are not such a key. */
export function decodeKey(set: string, key: Uint8Array): string | null {
  const fields = fieldsOf(set);
  const found = fieldsIn(fields, key);
  return found?.map((bytes, index) => fields[index]?.decode(bytes)).join(" . ") ?? null;
}

/** A run of addresses as nft lists it: an address, a block, or its two ends. */
function runText(first: Uint8Array, last: Uint8Array): string {
  const [low, high] = [valueOfBytes(first), valueOfBytes(last)];
  if (low === high) return ipOfBytes(first);
  const size = high - low + 1n;
  const hostBits = size.toString(2).length - 1;
  const isBlock = size === 1n << BigInt(hostBits) && low % size === 0n;
  return isBlock
    ? `${ipOfBytes(first)}/${first.length * 8 - hostBits}`
    : `${ipOfBytes(first)}-${ipOfBytes(last)}`;
}

/**
 * The key of an interval set, made from its two ends, both included. null means that the bytes are not such a
 * key.
 */
export function decodeRun(set: string, first: Uint8Array, last: Uint8Array): string | null {
  const fields = fieldsOf(set);
  const [from, to] = [fieldsIn(fields, first), fieldsIn(fields, last)];
  if (from === null || to === null) return null;
  return from.map((bytes, index) => runText(bytes, to[index] ?? bytes)).join(" . ");
}

/** The two ends of a run as it is listed, both included. */
function endsOf(text: string): [first: Uint8Array, last: Uint8Array] {
  const [low = "", high = low] = text.split("-");
  const [ip = "", length] = low.split("/");
  const first = bytesOfIp(ip);
  if (length === undefined) return [first, bytesOfIp(high)];
  const isHost = (at: number): number => 0xff >> Math.min(Math.max(Number(length) - at * 8, 0), 8);
  return [first.map((byte, at) => byte & ~isHost(at)), first.map((byte, at) => byte | isHost(at))];
}

/** The reverse of decodeRun(). Throws RangeError for a set that is not ours. */
export function encodeRun(set: string, key: string): [first: Uint8Array, last: Uint8Array] {
  const size = lengthOf(fieldsOf(set));
  const [low, high] = [new Uint8Array(size), new Uint8Array(size)];
  let at = 0;
  for (const text of key.split(" . ")) {
    const [first, last] = endsOf(text);
    low.set(first, at);
    high.set(last, at);
    at += padded(first.length);
  }
  return [low, high];
}

/** The address after this one, as bytes. null means that this one is the last. */
export function after(bytes: Uint8Array): Uint8Array | null {
  const out = Uint8Array.from(bytes);
  for (let at = out.length - 1; at >= 0; at--) {
    const byte = out[at] ?? 0;
    out[at] = (byte + 1) & 255;
    if (byte !== 255) return out;
  }
  return null;
}

/** The address before this one, as bytes. */
export function before(bytes: Uint8Array): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let at = out.length - 1; at >= 0; at--) {
    const byte = out[at] ?? 0;
    out[at] = (byte + 255) & 255;
    if (byte !== 0) break;
  }
  return out;
}
