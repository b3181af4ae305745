/** What the generators' own sockets share: the kernel's calls, and its numbers for them. */
import { FairwayError } from "../../../errors.ts";
import { errno, libc, ptr } from "../../../kernel/netlink/libc.ts";

/** include/uapi/linux/socket.h, include/linux/socket.h, include/uapi/asm-generic/socket.h */
const AF_INET = 2;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const MSG_TRUNC = 0x20;

/** include/linux/net.h */
export const socketTypes = { stream: 1, datagram: 2 } as const;
export const SOCK_NONBLOCK = 0o4000;

export function openSocket(type: number): number {
  return check(libc().socket(AF_INET, type | SOCK_NONBLOCK, 0), "socket");
}

/** struct sockaddr_in; the family in the machine's order, which is little-endian on all that this runs on. */
export function socketAddress(host: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(host.split(".").map(Number), 4);
  return bytes;
}

export function bindAny(fd: number, port: number): void {
  const address = socketAddress("0.0.0.0", port);
  check(libc().bind(fd, ptr(address), address.length), `bind to port ${port}`);
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
