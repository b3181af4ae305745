/** Holds what the generators' own sockets share: the kernel's calls, and its numbers for them. */
import { FairwayError } from "../../errors.ts";
import { errno, libc, ptr } from "../../kernel/netlink/libc.ts";
import { AF } from "../../kernel/netlink/tables.ts";
import { bytesOfIp, type Family, familyOf } from "../../plan/ip.ts";
import { calls } from "./calls.ts";

/** include/linux/socket.h, include/uapi/asm-generic/socket.h */
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_RCVLOWAT = 18;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const SO_TIMESTAMPING = 37;
export const MSG_TRUNC = 0x20;
export const MSG_ERRQUEUE = 0x2000;
/** include/uapi/linux/net_tstamp.h */
export const timestamping = { TX_SOFTWARE: 1 << 1, SOFTWARE: 1 << 4, OPT_TSONLY: 1 << 11 } as const;

/** include/linux/net.h */
export const socketTypes = { stream: 1, datagram: 2 } as const;
export const SOCK_NONBLOCK = 0o4000;

export function openSocket(type: number, family: Family): number {
  return check(libc().socket(AF[family], type | SOCK_NONBLOCK, 0), "socket");
}

/**
 * Makes a struct sockaddr_in, or sockaddr_in6 (with a flow label before the address and a scope after it).
 * The family is in the machine's order, which is little-endian on all that this runs on.
 */
function socketAddress(host: string, port: number): Uint8Array {
  const family = familyOf(host);
  const bytes = new Uint8Array(family === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF[family], true);
  view.setUint16(2, port);
  bytes.set(bytesOfIp(host), family === 4 ? 4 : 8);
  return bytes;
}

export function bindTo(fd: number, host: string, port: number): void {
  const address = socketAddress(host, port);
  check(calls().bind(fd, ptr(address), address.length), `bind to port ${port}`);
}

export function connectTo(fd: number, host: string, port: number): void {
  const address = socketAddress(host, port);
  check(calls().connect(fd, ptr(address), address.length), `connect to ${host}:${port}`);
}

/** @throws FairwayError io where the kernel answers with less than 0. */
export function check(result: number, call: string): number {
  if (result >= 0) return result;
  throw new FairwayError("io", `traffic: ${call} failed with errno ${errno()}`);
}

export function set(fd: number, level: number, option: number, value: number): void {
  const bytes = new Int32Array([value]);
  check(libc().setsockopt(fd, level, option, ptr(bytes), bytes.byteLength), `option ${option}`);
}
