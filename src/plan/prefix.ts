/** Networks as the kernel has them: bytes, the most significant first, and the number of bits that count. */
import { bytesOfIp, ipOfBytes } from "./ip.ts";

export interface Prefix {
  /** Four bytes or sixteen. */
  bytes: Uint8Array;
  /** The length in bits. */
  length: number;
}

/**
 * The prefix of a text in the one form of addresses, "10.244.1.0/24". Without a length it is a single
 * address.
 */
export function prefixOf(text: string): Prefix {
  const [address = "", length] = text.split("/");
  const bytes = bytesOfIp(address);
  return { bytes, length: length === undefined ? bytes.length * 8 : Number(length) };
}

export const prefixText = ({ bytes, length }: Prefix): string => `${ipOfBytes(bytes)}/${length}`;

/** A single address as a network. */
export const hostPrefix = (bytes: Uint8Array): Prefix => ({ bytes, length: bytes.length * 8 });

/** "10.244.1.1/24" lies in the network 10.244.1.0/24. */
export function networkOf({ bytes, length }: Prefix): Prefix {
  const base = bytes.map((byte, at) => {
    const kept = Math.min(Math.max(length - 8 * at, 0), 8);
    return byte & (0xff << (8 - kept));
  });
  return { bytes: base, length };
}

/** The same as text. It is null where the network has only one address. */
export function subnetOf(cidr: string): string | null {
  const prefix = prefixOf(cidr);
  return prefix.length >= prefix.bytes.length * 8 ? null : prefixText(networkOf(prefix));
}

function beginAlike(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (a[at] !== b[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & (0xff << (8 - rest)) & 0xff) === 0;
}

/** Whether some address lies in both. Networks of two families never overlap. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return (
    a.bytes.length === b.bytes.length && beginAlike(a.bytes, b.bytes, Math.min(a.length, b.length))
  );
}

/** Whether all of `inner` lies in `outer`. The two may be equal. */
export function liesWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && prefixesOverlap(inner, outer);
}
