/** Ethernet frames as a pod with CAP_NET_RAW may make them: any, from any address. */
import { bytesOfIp } from "../../src/plan/ip.ts";

const bytesOfMac = (mac: string): number[] => mac.split(":").map((b) => Number.parseInt(b, 16));

const be16 = (n: number): number[] => [n >> 8, n & 255];

/** RFC 1071. */
export function checksum(bytes: number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

export const etherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100, qinq: 0x88a8 };
export const broadcast = "ff:ff:ff:ff:ff:ff";

export interface Frame {
  bytes: Uint8Array;
  /** What it is known by where it arrives, though headers were rewritten on the way. */
  mark: Uint8Array;
}

export interface Ends {
  /** Of the Ethernet header. */
  from: string;
  to: string;
}

/** `mark`: null: all of the payload. */
export function ethernet(
  { from, to }: Ends,
  type: number,
  payload: number[],
  mark: number[] | null = null,
): Frame {
  const bytes = [...bytesOfMac(to), ...bytesOfMac(from), ...be16(type), ...payload];
  // The shortest frame that a wire carries, without its checksum.
  while (bytes.length < 60) bytes.push(0);
  return { bytes: Uint8Array.from(bytes), mark: Uint8Array.from(mark ?? payload) };
}

let marked = 0;
/** Like no other of this process. */
export function newMark(): number[] {
  marked += 1;
  return [...new TextEncoder().encode(`fairway frame ${String(marked).padStart(6, "0")}.`)];
}

const udp = (data: number[]): number[] => [
  ...be16(4000),
  ...be16(4001),
  ...be16(8 + data.length),
  ...[0, 0],
  ...data,
];

export function ipv4(src: string, dst: string, protocol: number, data: number[]): number[] {
  const header = (sum: number): number[] => [
    ...[0x45, 0, ...be16(20 + data.length), 0, 0, 0, 0, 64, protocol, ...be16(sum)],
    ...bytesOfIp(src),
    ...bytesOfIp(dst),
  ];
  return [...header(checksum(header(0))), ...data];
}

export function udp4(ends: Ends, src: string, dst: string): Frame {
  const mark = newMark();
  return ethernet(ends, etherType.ipv4, ipv4(src, dst, 17, udp(mark)), mark);
}

export interface ArpAddresses {
  operation: "request" | "reply";
  senderMac: string;
  senderIp: string;
  targetIp: string;
}

export function arp(ends: Ends, { operation, senderMac, senderIp, targetIp }: ArpAddresses): Frame {
  return ethernet(ends, etherType.arp, [
    ...[0, 1, 8, 0, 6, 4, 0, operation === "request" ? 1 : 2],
    ...bytesOfMac(senderMac),
    ...bytesOfIp(senderIp),
    ...bytesOfMac(operation === "request" ? "00:00:00:00:00:00" : ends.to),
    ...bytesOfIp(targetIp),
  ]);
}

export function ipv6(
  src: string,
  dst: string,
  nextHeader: number,
  data: number[],
  hopLimit = 255,
): number[] {
  const length = be16(data.length);
  return [
    0x60,
    0,
    0,
    0,
    ...length,
    nextHeader,
    hopLimit,
    ...bytesOfIp(src),
    ...bytesOfIp(dst),
    ...data,
  ];
}

export function udp6(ends: Ends, src: string, dst: string): Frame {
  const mark = newMark();
  return ethernet(ends, etherType.ipv6, ipv6(src, dst, 17, udp(mark)), mark);
}

/** With the checksum over the pseudo-header (RFC 4443, 2.3). */
export function icmpv6(src: string, dst: string, body: number[]): number[] {
  const pseudo = [...bytesOfIp(src), ...bytesOfIp(dst), 0, 0, ...be16(body.length), 0, 0, 0, 58];
  const [type = 0, code = 0, , , ...rest] = body;
  return [type, code, ...be16(checksum([...pseudo, ...body])), ...rest];
}

export const discovery = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
} as const;

/** RFC 4861, 4.6.1: the source's (1) or the target's (2) link-layer address. */
export const linkLayer = (type: 1 | 2, mac: string): number[] => [type, 1, ...bytesOfMac(mac)];

export interface Discovery {
  type: number;
  src: string;
  dst: string;
  /** null: the message has none. */
  target: string | null;
  options?: number[];
  /** Extension headers before it: their bytes after the first, which says what follows. */
  hidden?: boolean;
}

export function neighbour(
  ends: Ends,
  { type, src, dst, target, options = [], hidden = false }: Discovery,
): Frame {
  const fixed =
    type === discovery.routerAdvertisement
      ? [64, 0, 7, 8, ...Array<number>(8).fill(0)]
      : [0, 0, 0, 0];
  const body = [type, 0, 0, 0, ...fixed, ...(target === null ? [] : bytesOfIp(target)), ...options];
  const message = icmpv6(src, dst, body);
  // Destination options with nothing but padding.
  const payload = hidden ? [58, 0, 1, 4, 0, 0, 0, 0, ...message] : message;
  return ethernet(ends, etherType.ipv6, ipv6(src, dst, hidden ? 60 : 58, payload));
}

/** The same frame behind a tag of IEEE 802.1Q, or 802.1ad. */
export function tagged(frame: Frame, type: number, vlan: number): Frame {
  const tag = [...be16(type), ...be16(vlan)];
  const bytes = [...frame.bytes.subarray(0, 12), ...tag, ...frame.bytes.subarray(12)];
  return { ...frame, bytes: Uint8Array.from(bytes) };
}
