/**
 * The outlines of what all pods share, but for the tables: enough to tell that nothing of it was taken
 * away or changed since it was looked at whole (decision 26). The questions are those of that time, byte
 * for byte (outline-questions.ts). Of the answers what somebody may set is taken as it lies there: a
 * verb does this once, and to make numbers and names of it would take it ten times as long as to ask.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { effect } from "../effect.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { AF, IFF_UP, IFLA, IFLA_CONF, NETCONFA, RTA, RTM, TCA } from "./netlink/tables.ts";

const headerBytes = 16;
const attributeBytes = 4;

/** What is kept of an answer: a part of the struct that it begins with, and values of attributes. */
interface Kept {
  structBytes: number;
  /** Of the struct, from and to. */
  fixed: [number, number];
  /** By type: all of the value, or of what is nested in it. */
  attributes: Attributes;
}
type Attributes = Record<number, true | Record<number, true | Record<number, true>>>;

/** By the type of the message. */
const kept: Record<number, Kept> = {
  // The link's number; and, nested, all settings that it has for itself. Its flags are looked at below.
  [RTM.NEWLINK]: {
    structBytes: 16,
    fixed: [4, 8],
    attributes: {
      [IFLA.ADDRESS]: true,
      [IFLA.MTU]: true,
      [IFLA.QDISC]: true,
      [IFLA.GSO_MAX_SIZE]: true,
      [IFLA.AF_SPEC]: { [AF[4]]: { [IFLA_CONF[4]]: true }, [AF[6]]: { [IFLA_CONF[6]]: true } },
    },
  },
  // Handle and parent; of a class its queue's handle, too, where a queue has the number of its holders.
  [RTM.NEWQDISC]: {
    structBytes: 20,
    fixed: [8, 16],
    attributes: { [TCA.KIND]: true, [TCA.OPTIONS]: true },
  },
  [RTM.NEWTCLASS]: {
    structBytes: 20,
    fixed: [8, 20],
    attributes: { [TCA.KIND]: true, [TCA.OPTIONS]: true },
  },
  // Without its flags, which tell of the carrier.
  [RTM.NEWROUTE]: {
    structBytes: 12,
    fixed: [0, 8],
    attributes: {
      [RTA.DST]: true,
      [RTA.OIF]: true,
      [RTA.GATEWAY]: true,
      [RTA.PRIORITY]: true,
      [RTA.METRICS]: true,
      [RTA.TABLE]: true,
    },
  },
  [RTM.NEWNETCONF]: {
    structBytes: 4,
    fixed: [0, 1],
    attributes: { [NETCONFA.FORWARDING]: true },
  },
};

const [letterH, letterT, letterB] = [0x68, 0x74, 0x62];
/** An attribute's header and struct tc_htb_glob but for its last number, which counts packets. */
const htbBytes = attributeBytes + 16;

/** Whether br_netfilter shows bridged packets to the rules; no netlink message tells. */
const files = ["iptables", "ip6tables"].map(
  (name) => `/proc/sys/net/bridge/bridge-nf-call-${name}`,
);

class Digest {
  /** More than all answers of a batch can be. */
  readonly #bytes = new Uint8Array(1 << 16);
  #length = 0;

  add(bytes: Uint8Array): void {
    // Where one ends and the next begins is told, too.
    this.#bytes[this.#length++] = bytes.length;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** An answer, or the number of a refusal, which differs from what was there. */
  addMessage(buffer: Uint8Array, from: number, to: number): void {
    const words = new Uint16Array(buffer.buffer);
    const type = words[(from + 4) >> 1] ?? 0;
    const wanted = kept[type];
    const start = from + headerBytes;
    if (wanted === undefined) {
      this.add(buffer.subarray(start, start + 4));
      return;
    }
    const { structBytes, fixed, attributes } = wanted;
    this.add(buffer.subarray(start + fixed[0], start + fixed[1]));
    // struct ifinfomsg: flags.
    if (type === RTM.NEWLINK) this.add(Uint8Array.of((buffer[start + 8] ?? 0) & IFF_UP));
    this.#addAttributes(buffer, words, start + structBytes, to, attributes, type === RTM.NEWQDISC);
  }

  #addAttributes(
    buffer: Uint8Array,
    words: Uint16Array,
    from: number,
    to: number,
    wanted: Attributes,
    isQueue: boolean,
  ): void {
    for (let at = from; at + attributeBytes <= to; ) {
      const length = words[at >> 1] ?? 0;
      if (length < attributeBytes || at + length > to)
        throw new RangeError(`netlink attribute of ${length} bytes in ${to - at}`);
      const rule = wanted[(words[(at >> 1) + 1] ?? 0) & 0x3fff];
      const start = at + attributeBytes;
      if (rule === true) {
        const isHtb =
          isQueue &&
          buffer[from + 4] === letterH &&
          buffer[from + 5] === letterT &&
          buffer[from + 6] === letterB;
        const end = isHtb && at > from ? Math.min(at + length, start + htbBytes) : at + length;
        this.add(buffer.subarray(start, end));
      } else if (rule !== undefined)
        this.#addAttributes(buffer, words, start, at + length, rule, false);
      at += (length + 3) & ~3;
    }
  }

  addFile(path: string): void {
    let found = -1;
    try {
      const fd = openSync(path, "r");
      found = readSync(fd, this.#bytes, this.#length, 16, null);
      closeSync(fd);
    } catch {
      // It is not there, or cannot be read: the look tells which.
    }
    this.#length += Math.max(found, 0);
    this.#bytes[this.#length++] = found & 255;
  }

  toString(): string {
    return String(Bun.hash.wyhash(this.#bytes.subarray(0, this.#length)));
  }
}

/** One text, that differs where anything of it does. `batches`: of outline-questions.ts. */
export function outlineOf(batches: readonly Uint8Array[]): string {
  const digest = new Digest();
  for (const requests of batches) {
    using socket = new NetlinkSocket();
    socket.askAll(requests, (buffer, from, to) => digest.addMessage(buffer, from, to));
  }
  effect("look", "settings of bridges", () => {
    for (const path of files) digest.addFile(path);
  });
  return digest.toString();
}
