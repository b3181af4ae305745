/**
 * Reads our nftables tables over nfnetlink. A pod's own elements are asked for one by one, so that a verb
 * costs the same with one pod and with five hundred.
 */
import { FairwayError } from "../../errors.ts";
import { type Element, elementOf } from "../../plan/kinds/element.ts";
import type { Chain, Ruleset } from "../../plan/kinds/ruleset.ts";
import { guardTable, table as mainTable, tableOfSet, violationSet } from "../../plan/names.ts";
import {
  Attributes,
  concat,
  encodeAttribute,
  encodeNested,
  listed,
  type Message,
  viewOf,
} from "../netlink/codec.ts";
import { ifThere, NetlinkError } from "../netlink/refusal.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import * as nft from "../netlink/tables.ts";
import { before, decodeKey, decodeRun, encodeKey, setForm, setsOf } from "../set-keys.ts";
import { text } from "../write/request.ts";
import { handleText } from "./tc.ts";

const attributesOf = ({ body }: Message): Attributes => new Attributes(body, nfgenmsg.bytes);

const bigEndian32 = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : viewOf(bytes).getInt32(0, false);
/** Counters stay below 2^53. */
const bigEndian64 = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : Number(viewOf(bytes).getBigUint64(0, false));

/** The comment of a rule. A rule without one is "a rule of somebody else's", whatever it says. */
function commentOf(userdata: Uint8Array | undefined): string {
  for (let at = 0; userdata !== undefined && at + 2 <= userdata.length; ) {
    const [type = 0, length = 0] = userdata.subarray(at, at + 2);
    if (type === nft.NFTNL_UDATA_RULE_COMMENT)
      return new TextDecoder().decode(userdata.subarray(at + 2, at + 2 + length)).replace("\0", "");
    at += 2 + length;
  }
  return "a rule of somebody else's";
}

export interface SpoofCount {
  packets: number;
  bytes: number;
}

/** A table like "inet fairway" in the form that nf_tables has. */
interface Place {
  header: Uint8Array;
  name: string;
  hooks: readonly string[];
}

export function placeOf(table: string): Place {
  const [family = "", name = ""] = table.split(" ");
  const number = family === "bridge" ? nft.NFPROTO.bridge : nft.NFPROTO.inet;
  return {
    header: nfgenmsg.encode({ family: number }),
    name,
    hooks: family === "bridge" ? nft.bridgeHooks : nft.inetHooks,
  };
}

/** One element, as a message's list that has only this one. */
const listOf = (...attributes: Uint8Array[]): Uint8Array =>
  encodeNested(nft.NFTA_SET_ELEM_LIST.ELEMENTS, encodeNested(nft.NFTA_LIST_ELEM, ...attributes));

const keyAttribute = (set: string, key: string): Uint8Array =>
  encodeNested(nft.NFTA_SET_ELEM.KEY, encodeAttribute(nft.NFTA_DATA_VALUE, encodeKey(set, key)));

const dataOf = (element: Attributes, type: number): Uint8Array | undefined =>
  element.nested(type)?.bytes(nft.NFTA_DATA_VALUE);

/** The value of our maps is a class. */
function classOf(element: Attributes): string | null {
  const bytes = dataOf(element, nft.NFTA_SET_ELEM.DATA);
  return bytes === undefined ? null : handleText(viewOf(bytes).getUint32(0, true));
}

/** Reads from nf_tables in the namespace in which it was made. */
export class TableReader implements Disposable {
  readonly #socket = new NetlinkSocket("netfilter");

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** null means that there is no such table. */
  ruleset(table: string): Ruleset | null {
    const found = this.#table(table);
    if (found === null) return null;
    const flags = bigEndian32(attributesOf(found).bytes(nft.NFTA_TABLE.FLAGS));
    const chains = new Map<string, Chain>();
    for (const chain of this.#chains(table)) chains.set(chain.name, chain);
    for (const { chain, id } of this.#rules(table)) chains.get(chain)?.rules.push({ id, text: "" });
    return {
      kind: "ruleset",
      table,
      sets: this.#sets(table),
      chains: [...chains.values()],
      ...((flags & nft.NFT_TABLE_F_DORMANT) === 0 ? {} : { isDormant: true }),
    };
  }

  /** null means that the element, its set or its table is not there. This is not for interval sets. */
  element(set: string, key: string): Element | null {
    const { header, name } = placeOf(tableOfSet(set));
    const { TABLE, SET, ELEMENTS } = nft.NFTA_SET_ELEM_LIST;
    const found = this.#get(
      nft.NFT_MSG.GETSETELEM,
      header,
      encodeAttribute(TABLE, text(name)),
      encodeAttribute(SET, text(set)),
      listOf(keyAttribute(set, key)),
    );
    if (found === null) return null;
    const [bytes] = listed(attributesOf(found).bytes(ELEMENTS) ?? new Uint8Array());
    const value = bytes === undefined ? null : classOf(new Attributes(bytes));
    return elementOf(set, key, value);
  }

  /** All elements of a set. The list is empty where the set is not there. */
  elements(set: string): Element[] {
    const found = this.#dumpSet(set);
    const keyed = setForm(set).isInterval ? runs(set, found) : points(set, found);
    return keyed.map(({ key, value }) => elementOf(set, key, value));
  }

  /** All elements of all sets of a table. */
  allElements(table: string): Element[] {
    if (!this.#hasTable(table)) return [];
    return setsOf(table).flatMap(({ name }) => this.elements(name));
  }

  /** Counts of what pods sent with other pods' addresses, by the name of the host interface. */
  violations(): Map<string, SpoofCount> {
    if (!this.#hasTable(guardTable)) return new Map();
    const { PACKETS, BYTES } = nft.NFTA_COUNTER;
    return new Map(
      this.#dumpSet(violationSet).flatMap((element): [string, SpoofCount][] => {
        const key = decodeKey(violationSet, dataOf(element, nft.NFTA_SET_ELEM.KEY) ?? nothing);
        const counter = element.nested(nft.NFTA_SET_ELEM.EXPR)?.nested(nft.NFTA_EXPR.DATA);
        const packets = bigEndian64(counter?.bytes(PACKETS));
        return key === null ? [] : [[key, { packets, bytes: bigEndian64(counter?.bytes(BYTES)) }]];
      }),
    );
  }

  #hasTable(table: string): boolean {
    return this.#table(table) !== null;
  }

  #table(table: string): Message | null {
    const { header, name } = placeOf(table);
    const wanted = encodeAttribute(nft.NFTA_TABLE.NAME, text(name));
    return this.#get(nft.NFT_MSG.GETTABLE, header, wanted);
  }

  #get(type: number, ...parts: Uint8Array[]): Message | null {
    return ofTables(() => this.#socket.get(type, concat(...parts)));
  }

  /** The list is empty if what was asked for is gone by now. */
  #dump(type: number, ...parts: Uint8Array[]): Attributes[] {
    return (ofTables(() => this.#socket.dump(type, concat(...parts))) ?? []).map(attributesOf);
  }

  #chains(table: string): Chain[] {
    const { TABLE, NAME, HOOK, POLICY, TYPE } = nft.NFTA_CHAIN;
    const { header, name, hooks } = placeOf(table);
    return this.#dump(nft.NFT_MSG.GETCHAIN, header)
      .filter((chain) => chain.text(TABLE) === name)
      .map((chain) => {
        const hook = chain.nested(HOOK);
        const number = bigEndian32(hook?.bytes(nft.NFTA_HOOK.HOOKNUM));
        const policy = chain.bytes(POLICY);
        return {
          name: chain.text(NAME) ?? "",
          type: chain.text(TYPE) ?? "none",
          hook: hook === undefined ? "none" : (hooks[number] ?? String(number)),
          priority: bigEndian32(hook?.bytes(nft.NFTA_HOOK.PRIORITY)),
          rules: [],
          ...(policy !== undefined && bigEndian32(policy) === nft.NF_DROP
            ? { policy: "drop" }
            : {}),
        };
      });
  }

  #rules(table: string): { chain: string; id: string }[] {
    const { TABLE, CHAIN, USERDATA } = nft.NFTA_RULE;
    const { header, name } = placeOf(table);
    return this.#dump(nft.NFT_MSG.GETRULE, header, encodeAttribute(TABLE, text(name)))
      .filter((rule) => rule.text(TABLE) === name)
      .map((rule) => ({
        chain: rule.text(CHAIN) ?? "",
        id: commentOf(rule.bytes(USERDATA)),
      }));
  }

  #sets(table: string): Ruleset["sets"] {
    const { TABLE, NAME, FLAGS } = nft.NFTA_SET;
    const { header, name } = placeOf(table);
    return this.#dump(nft.NFT_MSG.GETSET, header, encodeAttribute(TABLE, text(name)))
      .map((set) => ({ name: set.text(NAME) ?? "", flags: bigEndian32(set.bytes(FLAGS)) }))
      .filter(({ flags }) => (flags & nft.NFT_SET_ANONYMOUS) === 0)
      .map((set) => ({
        name: set.name,
        kind: (set.flags & nft.NFT_SET_MAP) === 0 ? "set" : "map",
        spec: "",
      }));
  }

  #dumpSet(set: string): Attributes[] {
    const { header, name } = placeOf(tableOfSet(set));
    const { TABLE, SET, ELEMENTS } = nft.NFTA_SET_ELEM_LIST;
    return this.#dump(
      nft.NFT_MSG.GETSETELEM,
      header,
      encodeAttribute(TABLE, text(name)),
      encodeAttribute(SET, text(set)),
    )
      .flatMap((message) => listed(message.bytes(ELEMENTS) ?? nothing))
      .map((bytes) => new Attributes(bytes));
  }
}

const nothing = new Uint8Array();

type Keyed = Pick<Element, "key" | "value">;

/** Leaves out keys that do not have the set's form, since we did not make them. */
function points(set: string, elements: Attributes[]): Keyed[] {
  return elements.flatMap((element) => {
    const key = decodeKey(set, dataOf(element, nft.NFTA_SET_ELEM.KEY) ?? nothing);
    return key === null ? [] : [{ key, value: classOf(element) }];
  });
}

/**
 * In a set of one field each run is two elements. The second is marked and is one behind the run's end; it is
 * absent where the run ends with the last of all addresses. In a set of several fields one element has both
 * ends.
 */
function runs(set: string, elements: Attributes[]): Keyed[] {
  const ends = elements
    .map((element) => ({
      first: dataOf(element, nft.NFTA_SET_ELEM.KEY) ?? nothing,
      last: dataOf(element, nft.NFTA_SET_ELEM.KEY_END),
      isEnd:
        (bigEndian32(element.bytes(nft.NFTA_SET_ELEM.FLAGS)) & nft.NFT_SET_ELEM_INTERVAL_END) !== 0,
    }))
    .sort((a, b) => Buffer.compare(a.first, b.first) || Number(b.isEnd) - Number(a.isEnd));
  const isPaired = setForm(set).fields.length === 1;
  return ends.flatMap(({ first, last = first, isEnd }, index) => {
    if (isEnd) return [];
    const next = ends[index + 1]?.first;
    const behind = next === undefined ? first.map(() => 255) : before(next);
    const key = decodeRun(set, first, isPaired ? behind : last);
    return key === null ? [] : [{ key, value: null }];
  });
}

/**
 * The counts by the name of the host interface. The map is empty without the table. This takes one dump,
 * however many pods there are.
 */
export function readViolations(): Map<string, SpoofCount> {
  using reader = new TableReader();
  return reader.violations();
}

export function unreadable(error: unknown): unknown {
  if (!(error instanceof NetlinkError)) return error;
  return new FairwayError(
    "missingKernelPart",
    `the kernel does not tell what is in the tables ${mainTable} and ${guardTable}: ${error.message}`,
    "fairway needs nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, CONFIG_NF_TABLES_BRIDGE; modprobe nf_tables) and CAP_NET_ADMIN",
    { cause: error },
  );
}

/** null means that what was asked for is not there. */
export function ofTables<T>(ask: () => T): T | null {
  try {
    return ifThere(ask);
  } catch (error) {
    throw unreadable(error);
  }
}
