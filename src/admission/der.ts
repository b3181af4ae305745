/**
 * Writes values in the Distinguished Encoding Rules (ITU-T X.690), as far as a certificate needs them. Nothing here
 * reads: what others wrote is read by the runtime's own parser. Pure.
 */

export type Der = Uint8Array;

const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Der =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** X.690, 8.1.3: below 128 it is the length itself, else the number of the bytes that follow. */
function lengthOf(size: number): number[] {
  if (size < 0x80) return [size];
  const digits: number[] = [];
  for (let left = size; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256);
  return [0x80 | digits.length, ...digits];
}

const value = (tag: number, content: Uint8Array | readonly number[]): Der =>
  bytes([tag], lengthOf(content.length), content);

export const sequence = (...parts: readonly Der[]): Der => value(0x30, bytes(...parts));
export const set = (...parts: readonly Der[]): Der => value(0x31, bytes(...parts));
export const octets = (content: Uint8Array): Der => value(0x04, content);
export const utf8 = (text: string): Der => value(0x0c, new TextEncoder().encode(text));
export const boolean = (is: boolean): Der => value(0x01, [is ? 0xff : 0]);

/** `unused` is how many bits at the end are none. */
export const bits = (content: Uint8Array | readonly number[], unused = 0): Der =>
  value(0x03, bytes([unused], content));

/** The whole number that these bytes are, which is not negative. */
export function integer(content: Uint8Array | readonly number[]): Der {
  const from = [...content].findIndex((each) => each !== 0);
  const digits = from === -1 ? [0] : [...content].slice(from);
  return value(0x02, (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits);
}

/** X.690, 8.19: the first two arcs share a byte, and each other is written in base 128. */
export function identifier(dotted: string): Der {
  const [first = 0, second = 0, ...arcs] = dotted.split(".").map(Number);
  const base128 = (arc: number): number[] => {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift(0x80 | (left % 128));
    return digits;
  };
  return value(0x06, [40 * first + second, ...arcs.flatMap(base128)]);
}

/** RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime afterwards. Parts of a second are cut off. */
export function time(atMs: number): Der {
  const at = new Date(atMs);
  const digits = `${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  const isShort = at.getUTCFullYear() < 2050;
  return value(isShort ? 0x17 : 0x18, new TextEncoder().encode(isShort ? digits.slice(2) : digits));
}

/** [number] of a kind that holds other values. */
export const tagged = (number: number, ...parts: readonly Der[]): Der =>
  value(0xa0 | number, bytes(...parts));

/** [number] in the place of the content's own tag, for a value that holds no others. */
export const implicit = (number: number, content: Uint8Array): Der => value(0x80 | number, content);
