/**
 * The least that tells whether our tables changed: the generation of all tables, a digest of our chains and
 * rules, and a sum over our elements, which is the same in whatever order they are listed.
 */
import type { Element } from "../../plan/kinds/element.ts";
import { attributesAt, concat, encodeAttribute, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import * as nft from "../netlink/tables.ts";
import { encodeKey, setsOf } from "../set-keys.ts";
import { text } from "../write/request.ts";
import { ofTables, placeOf, unreadable } from "./tables.ts";
import { handleNumber } from "./tc.ts";

export interface TablesSeen {
  /**
   * The generation of the namespace. Each transaction that is accepted makes another one, whoever sent it.
   */
  generation: number;
  rules: string;
  /** The sum of the elements' hashes. */
  elements: number;
}

/**
 * The hash has 32 bits, so that sums of hashes are whole numbers. It protects against accidents, and not
 * against somebody who searches for another element with the same hash.
 */
const hash = (bytes: Uint8Array, seed: number): number => Bun.hash.xxHash32(bytes, seed >>> 0);
const seedOf = (set: string): number => hash(text(set), 0);

/** What an element of a set without intervals adds to the sum. The value of our maps is a class. */
export function elementHash({ set, key, value }: Element): number {
  const number = value === null ? 0 : handleNumber(value);
  return hash(encodeKey(set, key), seedOf(set) + number);
}

const attributeBytes = 4;
const align = (n: number): number => (n + 3) & ~3;

/**
 * The same for an element as the kernel lists it. Its key comes first, then the value of a map, then what it
 * has counted.
 */
function listedHash(
  bytes: Uint8Array,
  view: DataView,
  { from, end, seed }: { from: number; end: number; seed: number },
): number {
  const keyAt = from + attributeBytes;
  const key = bytes.subarray(keyAt + attributeBytes, keyAt + view.getUint16(keyAt, true));
  const next = from + align(view.getUint16(from, true));
  const hasValue = next < end && view.getUint16(next + 2, true) === nft.NFTA_SET_ELEM.DATA;
  return hash(key, seed + (hasValue ? view.getUint32(next + 2 * attributeBytes, true) : 0));
}

/**
 * The sum over a message's list of elements. For a run of addresses everything that is listed counts: both
 * ends, and flags.
 */
function sumOf(elements: Uint8Array, seed: number, isInterval: boolean): number {
  const view = viewOf(elements);
  let sum = 0;
  for (let at = 0; at + attributeBytes <= elements.length; ) {
    const end = at + view.getUint16(at, true);
    if (end < at + attributeBytes || end > elements.length)
      throw new RangeError(`netlink attribute of ${end - at} bytes in ${elements.length - at}`);
    const from = at + attributeBytes;
    sum += isInterval
      ? hash(elements.subarray(from, end), seed)
      : listedHash(elements, view, { from, end, seed });
    at = align(end);
  }
  return sum;
}

/** The generation that an answer of nf_tables tells. */
export function generationOf({ body }: Message): number {
  const [bytes] = attributesAt(body, nfgenmsg.bytes, [nft.NFTA_GEN_ID]);
  if (bytes === undefined || bytes.length < 4) throw new RangeError("nf_tables told no generation");
  return viewOf(bytes).getUint32(0, false);
}

/** Reads from nf_tables in the namespace in which it was made. */
export class TableDigest implements Disposable {
  readonly #socket = new NetlinkSocket("netfilter");

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  generation(): number {
    try {
      return generationOf(this.#socket.get(nft.NFT_MSG.GETGEN, nfgenmsg.encode({})));
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** A digest of the chains and rules of these tables. */
  rules(tables: readonly string[]): string {
    return String(Bun.hash.wyhash(concat(...tables.flatMap((table) => this.#rules(table)))));
  }

  /**
   * Reads all of it from one generation, unless others change tables without a pause. In that case the rules
   * and elements may be newer than `generation`, and differ from what is expected.
   */
  look(tables: readonly string[]): TablesSeen {
    for (let attempt = 0; ; attempt++) {
      const generation = this.generation();
      const rules = this.rules(tables);
      const elements = tables.reduce((sum, table) => sum + this.#elements(table), 0);
      if (attempt === attempts || this.generation() === generation)
        return { generation, rules, elements };
    }
  }

  /**
   * The messages of the table (with its handle and its number of parts), its chains and its rules. None of
   * them holds a counter, so they stay the same while nobody changes them.
   */
  #rules(table: string): Uint8Array[] {
    const { header, name } = placeOf(table);
    const named = encodeAttribute(nft.NFTA_TABLE.NAME, text(name));
    // The table's name is the first attribute of both kinds of message. Chains are listed for the whole
    // family, and an older kernel lists the rules of all tables.
    const isOurs = (body: Uint8Array): boolean => startsWith(body, named);
    const listed = (type: number, ...parts: Uint8Array[]): Uint8Array[] =>
      this.#dump(type, header, ...parts)
        .map(({ body }) => body.subarray(nfgenmsg.bytes))
        .filter(isOurs);
    return [
      ...this.#table(header, named),
      ...listed(nft.NFT_MSG.GETCHAIN),
      ...listed(nft.NFT_MSG.GETRULE, named),
    ];
  }

  #table(header: Uint8Array, named: Uint8Array): Uint8Array[] {
    const found = ofTables(() => this.#socket.get(nft.NFT_MSG.GETTABLE, concat(header, named)));
    return found === null ? [] : [found.body.subarray(nfgenmsg.bytes)];
  }

  #elements(table: string): number {
    const { header, name } = placeOf(table);
    const { TABLE, SET, ELEMENTS } = nft.NFTA_SET_ELEM_LIST;
    const inTable = encodeAttribute(TABLE, text(name));
    let sum = 0;
    for (const { name: set, isInterval } of setsOf(table)) {
      const seed = seedOf(set);
      const inSet = encodeAttribute(SET, text(set));
      for (const { body } of this.#dump(nft.NFT_MSG.GETSETELEM, header, inTable, inSet)) {
        const [found] = attributesAt(body, nfgenmsg.bytes, [ELEMENTS]);
        if (found !== undefined) sum += sumOf(found, seed, isInterval);
      }
    }
    return sum;
  }

  /** The list is empty if what was asked for is gone by now. */
  #dump(type: number, ...parts: Uint8Array[]): Message[] {
    return ofTables(() => this.#socket.dump(type, concat(...parts))) ?? [];
  }
}

const attempts = 3;

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, index) => bytes[index] === byte);
