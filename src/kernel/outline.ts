/**
 * The outlines of what all pods share, except for the tables. They are enough to tell that nothing of it was
 * deleted or changed since it was last looked at completely (decision 26). The questions are those of that
 * time, byte for byte (outline-questions.ts). From the answers, the parts that somebody may set are taken as
 * raw bytes: a verb does this once, and to decode numbers and names would take ten times as long as to ask.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { effect } from "../effect.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { AF, IFF_UP, IFLA, IFLA_CONF, NETCONFA, RTA, RTM, TCA } from "./netlink/tables.ts";

const headerBytes = 16;
const attributeBytes = 4;

/** What is kept of an answer: a part of the struct at its beginning, and values of attributes. */
interface Kept {
  structBytes: number;
  /** The part of the struct, from and to. */
  fixed: [number, number];
  /** By type: the whole value, or what is nested in it. */
  attributes: Attributes;
}
type Attributes = Record<number, true | Record<number, true | Record<number, true>>>;

/** What is kept, by the type of the message. */
const kept: Record<number, Kept> = {
  // This keeps the link's number and, nested, all settings that it has for itself. Its flags are looked at
  // below.
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
  // This keeps the handle and the parent. For a class it also keeps its queue's handle, where a queue has the
  // number of its holders.
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
  // The flags are left out, because they tell of the carrier.
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
/** An attribute's header and struct tc_htb_glob without its last number, which counts packets. */
const htbBytes = attributeBytes + 16;

/** These files tell whether br_netfilter shows bridged packets to the rules. No netlink message tells it. */
const files = ["iptables", "ip6tables"].map(
  (name) => `/proc/sys/net/bridge/bridge-nf-call-${name}`,
);

class Digest {
  /** This is more than all answers of a batch can need. */
  readonly #bytes = new Uint8Array(1 << 16);
  #length = 0;

  add(bytes: Uint8Array): void {
    // The length is added, too, so that it is clear where one part ends and the next begins.
    this.#bytes[this.#length++] = bytes.length;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds an answer. For a refusal it adds the errno, which differs from what was there. */
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
      // The file is not there, or cannot be read. The full look tells which.
    }
    this.#length += Math.max(found, 0);
    this.#bytes[this.#length++] = found & 255;
  }

  toString(): string {
    return String(Bun.hash.wyhash(this.#bytes.subarray(0, this.#length)));
  }
}

/**
 * One text that differs as soon as anything in the outline differs. `batches` come from outline-questions.ts.
 */
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
