/** Keys of the anti-spoofing sets: as text in a plan, as bytes in the kernel. */
import { guardSets, type KeyField } from "../../plan/guard.ts";
import { bytesOfIp, ipOfBytes } from "../../plan/ip.ts";

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

const forms: Record<KeyField, FieldForm> = {
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
};

/** Each field of a concatenation fills whole 32-bit registers. */
const padded = (bytes: number): number => (bytes + 3) & ~3;

function formsOf(set: string): FieldForm[] | null {
  const known = guardSets.find(({ name }) => name === set);
  return known === undefined ? null : known.fields.map((field) => forms[field]);
}

/** Throws RangeError for a set that is none of ours. */
export function encodeKey(set: string, key: string): Uint8Array {
  const fields = formsOf(set);
  if (fields === null) throw new RangeError(`no set ${set}`);
  const texts = key.split(" . ");
  const out = new Uint8Array(fields.reduce((sum, { bytes }) => sum + padded(bytes), 0));
  let at = 0;
  for (const [index, { bytes, encode }] of fields.entries()) {
    out.set(encode(texts[index] ?? ""), at);
    at += padded(bytes);
  }
  return out;
}

/** null: the bytes are not such a key. */
export function decodeKey(set: string, key: Uint8Array): string | null {
  const fields = formsOf(set);
  if (fields === null) return null;
  if (key.length !== fields.reduce((sum, { bytes }) => sum + padded(bytes), 0)) return null;
  let at = 0;
  const texts = fields.map(({ bytes, decode }) => {
    const text = decode(key.subarray(at, at + bytes));
    at += padded(bytes);
    return text;
  });
  return texts.join(" . ");
}
