/**
 * Opens UDP sockets that know when a datagram came and went, by the kernel's clock, at the device. What is
 * timed is then the network, and not how long a process waits for a processor, or its system calls for the
 * interrupts of others: on one machine the process shares the processors with the node, the remote host and
 * everybody's traffic.
 */
import { libc, ptr } from "../../kernel/netlink/libc.ts";
import { type Family, familyOf } from "../../plan/ip.ts";
import { calls } from "./calls.ts";
import {
  bindTo,
  connectTo,
  MSG_ERRQUEUE,
  openSocket,
  SO_TIMESTAMPING,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
  set,
  socketTypes,
  timestamping,
} from "./sockets.ts";

/** include/uapi/linux/time.h; this is the clock of SO_TIMESTAMPNS. */
const CLOCK_REALTIME = 0;
/** include/uapi/asm-generic/poll.h */
const POLLIN = 1;
/** The size of a request of ours, and more: nobody else sends to these ports. */
const LARGEST_BYTES = 2_048;
/** The size of struct sockaddr_in6, which is the larger of both. */
const ADDRESS_BYTES = 28;
/**
 * The size of a struct cmsghdr (length, level, type) with a struct timespec in it. This is SO_TIMESTAMPNS,
 * which is always the first, for what came and for what went (__sock_recv_timestamp). There is no room for
 * those that come after it.
 */
const CONTROL_BYTES = 32;
const CONTROL_DATA = 16;
/**
 * A struct msghdr, and behind it its one struct iovec. These numbers say where the pointers and lengths are,
 * in a machine of 64 bits.
 */
const message = {
  name: 0,
  nameLength: 8,
  vectors: 16,
  vectorCount: 24,
  control: 32,
  controlLength: 40,
  vector: 56,
  bytes: 72,
};

/** Nanoseconds are counted from here, so that a double holds each of them. */
const originSeconds = Math.floor(Date.now() / 1000);

const timespec = new BigInt64Array(2);
const nsOf = (seconds: bigint, ns: bigint): number =>
  Number(seconds - BigInt(originSeconds)) * 1e9 + Number(ns);

/** The time by the clock that stamps datagrams. */
export function nowNs(): number {
  calls().clock_gettime(CLOCK_REALTIME, ptr(timespec));
  return nsOf(timespec[0] ?? 0n, timespec[1] ?? 0n);
}

/** Converts into milliseconds since the epoch. */
export const epochMs = (ns: number): number => originSeconds * 1000 + ns / 1e6;

interface Datagram {
  /** This is the socket's own memory, which holds until the next one is taken. */
  bytes: Uint8Array;
  arrivedNs: number;
}

export interface StampedSocket {
  /** Sleeps until a datagram is there, but no longer than `forNs`. A signal ends the sleep, too. */
  wait(forNs: number): void;
  /** Takes the next of those that have come; null means that there is none. */
  take(): Datagram | null;
  /** Names as a key who sent what was taken last. */
  sender(): string;
  /** Sends to the end to which it is connected. false means that the kernel took nothing. */
  send(bytes: Uint8Array): boolean;
  /** Sends to whoever sent what was taken last. */
  answer(bytes: Uint8Array): void;
  /**
   * The moment when what was sent last, not before `sinceNs`, was at the device. null means that it is not
   * there yet, as when a neighbour is asked for first.
   */
  leftNs(sinceNs: number): number | null;
}

export function listeningSocket(host: string, port: number): StampedSocket {
  return stamped(familyOf(host), (fd) => bindTo(fd, host, port));
}

export function connectedSocket(host: string, port: number): StampedSocket {
  return stamped(familyOf(host), (fd) => connectTo(fd, host, port));
}

/**
 * Makes bytes at an address that the kernel may be told once. The runtime moves the memory of a small array,
 * one that was not made with a buffer of its own, as soon as the buffer or a part of it is asked for; the
 * kernel would go on to write where it was.
 */
const fixedBytes = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length));

function stamped(family: Family, ready: (fd: number) => void): StampedSocket {
  const fd = openSocket(socketTypes.datagram, family);
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  const { TX_SOFTWARE, SOFTWARE, OPT_TSONLY } = timestamping;
  set(fd, SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | SOFTWARE | OPT_TSONLY);
  ready(fd);
  const { ppoll, recvmsg, sendto } = calls();
  const { send } = libc();

  const data = fixedBytes(LARGEST_BYTES);
  const name = fixedBytes(ADDRESS_BYTES);
  const control = new DataView(new ArrayBuffer(CONTROL_BYTES));
  const header = new DataView(new ArrayBuffer(message.bytes));
  header.setBigUint64(message.name, BigInt(ptr(name)), true);
  const headerAt = ptr(header);
  header.setBigUint64(message.vectors, BigInt(headerAt + message.vector), true);
  header.setBigUint64(message.vectorCount, 1n, true);
  header.setBigUint64(message.vector, BigInt(ptr(data)), true);
  header.setBigUint64(message.vector + 8, BigInt(data.length), true);
  header.setBigUint64(message.control, BigInt(ptr(control)), true);

  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, fd, true);
  poll.setInt16(4, POLLIN, true);
  const wait = new BigInt64Array(2);

  const receive = (flags: number): number => {
    header.setUint32(message.nameLength, ADDRESS_BYTES, true);
    header.setBigUint64(message.controlLength, BigInt(CONTROL_BYTES), true);
    return Number(recvmsg(fd, headerAt, flags));
  };
  const stampNs = (): number =>
    nsOf(control.getBigInt64(CONTROL_DATA, true), control.getBigInt64(CONTROL_DATA + 8, true));
  /** Takes all stamps of what went: one that stays there would end every wait. */
  const lastStampNs = (): number | null => {
    let last: number | null = null;
    while (receive(MSG_ERRQUEUE) >= 0) last = stampNs();
    return last;
  };

  return {
    wait(forNs) {
      if (forNs <= 0) return;
      wait[0] = BigInt(Math.floor(forNs / 1e9));
      wait[1] = BigInt(Math.floor(forNs % 1e9));
      // Its address is asked for each time, since nothing else would keep its memory from being collected.
      ppoll(ptr(poll), 1, ptr(wait), null);
    },
    take() {
      const length = receive(0);
      // There is nothing, or an ICMP error waited: the request that it is about counts as lost.
      if (length < 0) {
        lastStampNs();
        return null;
      }
      return { bytes: data.subarray(0, length), arrivedNs: stampNs() };
    },
    sender: () => name.subarray(0, header.getUint32(message.nameLength, true)).join(),
    send: (bytes) => send(fd, ptr(bytes), bytes.length, 0) === BigInt(bytes.length),
    answer(bytes) {
      const length = header.getUint32(message.nameLength, true);
      sendto(fd, ptr(bytes), bytes.length, 0, ptr(name), length);
    },
    leftNs(sinceNs) {
      const last = lastStampNs();
      return last !== null && last >= sinceNs ? last : null;
    },
  };
}
