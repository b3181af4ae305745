/** Addresses as texts, in the one form that the ledger, the tools and nft's listings use. */

export type Family = 4 | 6;
export const families = [4, 6] as const satisfies Family[];
export const addressBits: Record<Family, number> = { 4: 32, 6: 128 };

/** The least MTU of a link with IPv6 (RFC 8200, 5). */
export const leastIpv6MtuBytes = 1280;

/** The family of an address or a network that is given as text. */
export function familyOf(text: string): Family {
  return text.includes(":") ? 6 : 4;
}

export function ofFamily(texts: readonly string[], family: Family): string[] {
  return texts.filter((text) => familyOf(text) === family);
}

const dotted = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");

/**
 * The longest run of zeros, the first one if several are equal. It is null when no run is longer than one
 * (RFC 5952, 4.2).
 */
function zeros(groups: readonly number[]): { at: number; length: number } | null {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  return best.length > 1 ? best : null;
}

function ipv6Text(value: bigint): string {
  // These two forms are as inet_ntop(3), and so nft, writes them (RFC 5952, 5).
  const above = value >> 32n;
  if (above === 0xffffn) return `::ffff:${dotted(value & 0xffffffffn)}`;
  if (above === 0n && value > 0xffffn) return `::${dotted(value)}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    Number((value >> BigInt(112 - 16 * i)) & 0xffffn),
  );
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  const run = zeros(groups);
  if (run === null) return text(groups);
  return `${text(groups.slice(0, run.at))}::${text(groups.slice(run.at + run.length))}`;
}

export function ipText(family: Family, value: bigint): string {
  return family === 4 ? dotted(value) : ipv6Text(value);
}

/** `bytes` are four or sixteen, the most significant first, as the kernel has them. */
export function valueOfBytes(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.length === 4
    ? BigInt(view.getUint32(0))
    : (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

export const ipOfBytes = (bytes: Uint8Array): string =>
  bytes.length === 4 ? bytes.join(".") : ipv6Text(valueOfBytes(bytes));

/** The reverse of ipOfBytes(), for addresses in that one form. */
export function bytesOfIp(text: string): Uint8Array {
  if (familyOf(text) === 4) return Uint8Array.from(text.split("."), Number);
  const groups = (part: string): number[] =>
    part.split(":").flatMap((group) => {
      if (group === "") return [];
      if (!group.includes(".")) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      return [(a << 8) | b, (c << 8) | d];
    });
  const [head = "", tail] = text.split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const between = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from(
    [...before, ...between, ...after].flatMap((group) => [group >> 8, group & 255]),
  );
}

/** The address of "10.244.1.7/24". */
export const bare = (cidr: string): string => cidr.split("/")[0] ?? cidr;

/** fe80::/10 */
export const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/.test(address);
