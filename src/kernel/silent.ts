/**
 * What may be set on a node without that the kernel tells anybody: settings below /proc/sys, and the largest
 * GSO unit of a link. It is read again and again, so everything that is needed for that is kept open: to open
 * the files each time would take five times as long.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { effect } from "../effect.ts";
import { attributesAt, concat, encodeAttribute } from "./netlink/codec.ts";
import { ifThere } from "./netlink/refusal.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { ifinfomsg } from "./netlink/structs.ts";
import { IFLA, RTM } from "./netlink/tables.ts";
import { text } from "./write/request.ts";

export interface SilentNames {
  /** Paths below /proc/sys. */
  paths: readonly string[];
  links: readonly string[];
}

/** It is longer than any of the values. */
const valueBytes = 64;

function openedIfThere(path: string): number | null {
  try {
    return openSync(`/proc/sys/${path}`, "r");
  } catch {
    return null;
  }
}

export class Silent implements Disposable {
  readonly #files: readonly (number | null)[];
  readonly #questions: readonly Uint8Array[];
  readonly #socket: NetlinkSocket | null;
  readonly #value = new Uint8Array(valueBytes);

  /** What is not there has a value, too, until another is made: it differs as soon as it is there. */
  constructor({ paths, links }: SilentNames) {
    this.#files = effect("look", "settings", () => paths.map(openedIfThere));
    this.#questions = links.map((name) =>
      concat(ifinfomsg.encode({}), encodeAttribute(IFLA.IFNAME, text(name))),
    );
    this.#socket = links.length === 0 ? null : new NetlinkSocket();
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) if (file !== null) closeSync(file);
    this.#socket?.[Symbol.dispose]();
  }

  /** All values in one text, to be compared with that of another time. Throws where the kernel refuses. */
  values(): string {
    const settings = effect("look", "settings", () => this.#files.map((file) => this.#read(file)));
    const sizes = this.#questions.map((question) => this.#gsoOf(question));
    return [...settings, ...sizes].join();
  }

  /** The file of a device that has gone cannot be read any more. */
  #read(file: number | null): string {
    if (file === null) return "none";
    try {
      return this.#value.subarray(0, readSync(file, this.#value, 0, valueBytes, 0)).toHex();
    } catch {
      return "gone";
    }
  }

  #gsoOf(question: Uint8Array): string {
    const socket = this.#socket;
    if (socket === null) return "none";
    const link = ifThere(() => socket.get(RTM.GETLINK, question));
    if (link === null) return "gone";
    const [bytes] = attributesAt(link.body, ifinfomsg.bytes, [IFLA.GSO_MAX_SIZE]);
    return bytes?.toHex() ?? "untold";
  }
}
