/**
 * UDP sockets by the kernel's own calls: the runtime's can neither live in another namespace, nor hand
 * over several datagrams in one piece, nor have a buffer that outlasts a wait for the processor.
 */
import { FairwayError } from "../../../errors.ts";
import { errno, libc, ptr } from "../../../kernel/netlink/libc.ts";
import { inNetns } from "../../../kernel/netns.ts";
import type { Endpoint } from "./spec.ts";

/** include/uapi/linux/socket.h, include/linux/net.h, include/uapi/asm-generic/socket.h, include/uapi/linux/udp.h */
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const MSG_TRUNC = 0x20;

/** A tenth of a second at 500 Mbit/s: what comes while the process waits for a processor. */
const BUFFER_BYTES = 16 << 20;

/** struct sockaddr_in; the family in the machine's order, which is little-endian on all that this runs on. */
function socketAddress(host: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(host.split(".").map(Number), 4);
  return bytes;
}

function check(result: number, call: string): number {
  if (result >= 0) return result;
  throw new FairwayError("io", `traffic: ${call} failed with errno ${errno()}`);
}

function open(netns: string): number {
  const make = (): number => check(libc().socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");
  return netns === "" ? make() : inNetns(netns, make);
}

function set(fd: number, level: number, option: number, value: number): void {
  const bytes = new Int32Array([value]);
  check(libc().setsockopt(fd, level, option, ptr(bytes), bytes.byteLength), `option ${option}`);
}

export interface Sender {
  /** False where the kernel took nothing: a full queue, or an answer of ICMP that waited. */
  send(unit: Uint8Array): boolean;
}

/** `payloadBytes`: a larger unit is cut into datagrams of this, as late on its way as can be. */
export function sender({ netns, host, port }: Endpoint, payloadBytes: number): Sender {
  const fd = open(netns);
  set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
  set(fd, SOL_UDP, UDP_SEGMENT, payloadBytes);
  const address = socketAddress(host, port);
  check(libc().connect(fd, ptr(address), address.length), `connect to ${host}:${port}`);
  const { send } = libc();
  return { send: (unit) => send(fd, ptr(unit), unit.length, 0) > 0 };
}

export interface Receiver {
  /** Takes all that has come; returns its payload in bytes. */
  drain(): number;
}

export function receiver({ netns, port }: Endpoint): Receiver {
  const fd = open(netns);
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
  // What came in one piece is counted in one call.
  set(fd, SOL_UDP, UDP_GRO, 1);
  const address = socketAddress("0.0.0.0", port);
  check(libc().bind(fd, ptr(address), address.length), `bind to port ${port}`);
  const { recv } = libc();
  const nothing = new Uint8Array(1);
  return {
    drain() {
      let bytes = 0;
      for (;;) {
        // MSG_TRUNC: the true length, whatever fits. No payload is copied.
        const length = Number(recv(fd, ptr(nothing), nothing.length, MSG_TRUNC));
        if (length < 0) return bytes;
        bytes += length;
      }
    },
  };
}
