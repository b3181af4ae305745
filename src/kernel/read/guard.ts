/**
 * The anti-spoofing table over nfnetlink. A pod's own elements are asked for one by one, so that a verb
 * costs the same with one pod and with five hundred; `nft -j` lists a table whole.
 */
import { FairwayError } from "../../errors.ts";
import { guardSets } from "../../plan/guard.ts";
import { guardTable, tableOfSet, violationSet } from "../../plan/names.ts";
import type { Chain, Element, Ruleset } from "../../plan/state.ts";
import {
  Attributes,
  concat,
  encodeAttribute,
  encodeNested,
  listed,
  type Message,
  viewOf,
} from "../netlink/codec.ts";
import { NetlinkError, NetlinkSocket } from "../netlink/socket.ts";
import * as nft from "../netlink/tables.ts";
import { decodeKey, encodeKey } from "./guard-keys.ts";

const tableName = guardTable.split(" ")[1] ?? "";

/** struct nfgenmsg: family, version, resource. */
const headerBytes = 4;
const header = Uint8Array.of(nft.NFPROTO_BRIDGE, 0, 0, 0);

const text = (type: number, value: string): Uint8Array =>
  encodeAttribute(type, new TextEncoder().encode(`${value}\0`));

const attributesOf = ({ body }: Message): Attributes => new Attributes(body, headerBytes);

const bigEndian32 = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : viewOf(bytes).getInt32(0, false);
/** Counters stay below 2^53. */
const bigEndian64 = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : Number(viewOf(bytes).getBigUint64(0, false));

/** "a rule of somebody else's" has not our comment, whatever it says. */
function commentOf(userdata: Uint8Array | undefined): string {
  for (let at = 0; userdata !== undefined && at + 2 <= userdata.length; ) {
    const [type = 0, length = 0] = userdata.subarray(at, at + 2);
    if (type === nft.NFTNL_UDATA_RULE_COMMENT)
      return new TextDecoder().decode(userdata.subarray(at + 2, at + 2 + length)).replace("\0", "");
    at += 2 + length;
  }
  return "a rule of somebody else's";
}

export interface Violations {
  packets: number;
  bytes: number;
}

/** A conversation with nf_tables in the namespace that it was begun in. */
export class GuardReader implements Disposable {
  readonly #socket = new NetlinkSocket("netfilter");

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** null: there is no such table. */
  ruleset(): Ruleset | null {
    if (!this.#hasTable()) return null;
    const chains = new Map<string, Chain>();
    for (const chain of this.#chains()) chains.set(chain.name, chain);
    for (const { chain, id } of this.#rules()) chains.get(chain)?.rules.push({ id, text: "" });
    return {
      kind: "ruleset",
      table: guardTable,
      sets: this.#sets(),
      chains: [...chains.values()],
    };
  }

  /** null: it is not there, or its set or table is not. */
  element({ set, key }: Element): Element | null {
    const found = this.#lookUp(set, key);
    return found === null ? null : { kind: "element", set, key, value: null };
  }

  /** All of them, of all sets. */
  elements(): Element[] {
    if (!this.#hasTable()) return [];
    return guardSets.flatMap(({ name }) =>
      this.#dumpSet(name).map(
        ({ key }): Element => ({ kind: "element", set: name, key, value: null }),
      ),
    );
  }

  /** What pods sent under others' addresses, by the name of the host interface. */
  violations(): Map<string, Violations> {
    if (!this.#hasTable()) return new Map();
    return new Map(this.#dumpSet(violationSet).map(({ key, counted }) => [key, counted]));
  }

  #hasTable(): boolean {
    return this.#get(nft.NFT_MSG.GETTABLE, text(nft.NFTA_TABLE.NAME, tableName)) !== null;
  }

  #get(type: number, ...attributes: Uint8Array[]): Message | null {
    try {
      return this.#socket.get(type, concat(header, ...attributes));
    } catch (error) {
      if (error instanceof NetlinkError && error.absent) return null;
      throw unreadable(error);
    }
  }

  /** What is gone by now has nothing to list. */
  #dump(type: number, ...attributes: Uint8Array[]): Attributes[] {
    try {
      return this.#socket.dump(type, concat(header, ...attributes)).map(attributesOf);
    } catch (error) {
      if (error instanceof NetlinkError && error.absent) return [];
      throw unreadable(error);
    }
  }

  #chains(): Chain[] {
    const { TABLE, NAME, HOOK, TYPE } = nft.NFTA_CHAIN;
    return this.#dump(nft.NFT_MSG.GETCHAIN)
      .filter((chain) => chain.text(TABLE) === tableName)
      .map((chain) => {
        const hook = chain.nested(HOOK);
        const number = bigEndian32(hook?.bytes(nft.NFTA_HOOK.HOOKNUM));
        return {
          name: chain.text(NAME) ?? "",
          type: chain.text(TYPE) ?? "none",
          hook: hook === undefined ? "none" : (nft.bridgeHooks[number] ?? String(number)),
          priority: bigEndian32(hook?.bytes(nft.NFTA_HOOK.PRIORITY)),
          rules: [],
        };
      });
  }

  #rules(): { chain: string; id: string }[] {
    const { TABLE, CHAIN, USERDATA } = nft.NFTA_RULE;
    return this.#dump(nft.NFT_MSG.GETRULE, text(TABLE, tableName))
      .filter((rule) => rule.text(TABLE) === tableName)
      .map((rule) => ({
        chain: rule.text(CHAIN) ?? "",
        id: commentOf(rule.bytes(USERDATA)),
      }));
  }

  #sets(): Ruleset["sets"] {
    const { TABLE, NAME, FLAGS } = nft.NFTA_SET;
    return this.#dump(nft.NFT_MSG.GETSET, text(TABLE, tableName))
      .filter((set) => (bigEndian32(set.bytes(FLAGS)) & nft.NFT_SET_ANONYMOUS) === 0)
      .map((set) => ({ name: set.text(NAME) ?? "", kind: "set", spec: "" }));
  }

  #lookUp(set: string, key: string): Message | null {
    const { TABLE, SET, ELEMENTS } = nft.NFTA_SET_ELEM_LIST;
    const wanted = encodeNested(
      nft.NFTA_SET_ELEM.KEY,
      encodeAttribute(nft.NFTA_DATA_VALUE, encodeKey(set, key)),
    );
    return this.#get(
      nft.NFT_MSG.GETSETELEM,
      text(TABLE, tableName),
      text(SET, set),
      encodeNested(ELEMENTS, encodeNested(nft.NFTA_LIST_ELEM, wanted)),
    );
  }

  #dumpSet(set: string): { key: string; counted: Violations }[] {
    const { TABLE, SET, ELEMENTS } = nft.NFTA_SET_ELEM_LIST;
    return this.#dump(nft.NFT_MSG.GETSETELEM, text(TABLE, tableName), text(SET, set)).flatMap(
      (message) =>
        listed(message.bytes(ELEMENTS) ?? new Uint8Array()).flatMap((bytes) => {
          const element = new Attributes(bytes);
          const raw = element.nested(nft.NFTA_SET_ELEM.KEY)?.bytes(nft.NFTA_DATA_VALUE);
          const key = raw === undefined ? null : decodeKey(set, raw);
          if (key === null) return [];
          const counter = element.nested(nft.NFTA_SET_ELEM.EXPR)?.nested(nft.NFTA_EXPR.DATA);
          const { PACKETS, BYTES } = nft.NFTA_COUNTER;
          const counted = {
            packets: bigEndian64(counter?.bytes(PACKETS)),
            bytes: bigEndian64(counter?.bytes(BYTES)),
          };
          return [{ key, counted }];
        }),
    );
  }
}

/** By the name of the host interface; empty without the table. One dump, however many pods there are. */
export function readViolations(): Map<string, Violations> {
  using reader = new GuardReader();
  return reader.violations();
}

function unreadable(error: unknown): unknown {
  if (!(error instanceof NetlinkError)) return error;
  return new FairwayError(
    "missingKernelPart",
    `the kernel does not tell what is in table ${guardTable}: ${error.message}`,
    "fairway needs nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_BRIDGE; modprobe nf_tables) and CAP_NET_ADMIN",
    { cause: error },
  );
}

/** Whether an element is in this table. */
export const isGuardElement = ({ set }: Element): boolean => tableOfSet(set) === guardTable;
