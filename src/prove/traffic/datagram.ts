/**
 * Opens UDP sockets by the kernel's own calls. The runtime's can neither live in another namespace, nor hand
 * over several datagrams in one piece, nor have a buffer that outlasts a wait for the processor.
 */
import { libc, ptr } from "../../kernel/netlink/libc.ts";
import { inNetns } from "../../kernel/netns.ts";
import { type Family, familyOf } from "../../plan/ip.ts";
import {
  bindTo,
  connectTo,
  MSG_TRUNC,
  openSocket,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOL_SOCKET,
  set,
  socketTypes,
} from "./sockets.ts";
import { anyAddress, type Endpoint } from "./spec.ts";

/** include/uapi/linux/udp.h */
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

/** It holds a tenth of a second at 500 Mbit/s, for what comes while the process waits for a processor. */
const BUFFER_BYTES = 16 << 20;

function open(netns: string, family: Family): number {
  const make = (): number => openSocket(socketTypes.datagram, family);
  return netns === "" ? make() : inNetns(netns, make);
}

export interface Sender {
  /** It is false where the kernel took nothing, because of a full queue or an answer of ICMP that waited. */
  send(unit: Uint8Array): boolean;
}

/**
 * `payloadBytes` is the size of a datagram: a larger unit is cut into such datagrams, as late on its way as
 * can be.
 */
export function sender({ netns, host, port }: Endpoint, payloadBytes: number): Sender {
  const fd = open(netns, familyOf(host));
  set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
  set(fd, SOL_UDP, UDP_SEGMENT, payloadBytes);
  connectTo(fd, host, port);
  const { send } = libc();
  return { send: (unit) => send(fd, ptr(unit), unit.length, 0) > 0 };
}

export interface Receiver {
  /** Takes all that has come; returns its payload in bytes. */
  drain(): number;
}

export function receiver({ netns, host, port }: Endpoint): Receiver {
  const family = familyOf(host);
  const fd = open(netns, family);
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
  // So what came in one piece is counted in one call.
  set(fd, SOL_UDP, UDP_GRO, 1);
  bindTo(fd, anyAddress[family], port);
  const { recv } = libc();
  const nothing = new Uint8Array(1);
  return {
    drain() {
      let bytes = 0;
      for (;;) {
        // MSG_TRUNC gives the true length, whatever fits. No payload is copied.
        const length = Number(recv(fd, ptr(nothing), nothing.length, MSG_TRUNC));
        if (length < 0) return bytes;
        bytes += length;
      }
    },
  };
}
