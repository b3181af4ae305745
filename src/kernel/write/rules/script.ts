/** The messages that make a table, or change or remove it, as `nft -f` sends them for the same commands. */
import type { Chain, Command, Rule, Script, SetDeclaration } from "../../../plan/kinds/ruleset.ts";
import { subjectOf } from "../../../plan/kinds/ruleset.ts";
import type { Listed } from "../../../plan/rules/instruction.ts";
import {
  Attributes,
  attributeHeaderBytes,
  concat,
  encodeAttribute,
  encodeNested,
  type Message,
  viewOf,
} from "../../netlink/codec.ts";
import * as made from "../../netlink/nft-rules.ts";
import type { NetlinkError } from "../../netlink/refusal.ts";
import { nfgenmsg } from "../../netlink/structs.ts";
import {
  NFT_MSG,
  NFTA_CHAIN,
  NFTA_HOOK,
  NFTA_RULE,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NFTA_TABLE,
  NFTNL_UDATA_RULE_COMMENT,
  NLM_F,
} from "../../netlink/tables.ts";
import { placeOf } from "../../read/tables.ts";
import { valued } from "../elements.ts";
import { text } from "../request.ts";
import { inList, number } from "./bytes.ts";
import { expressionOf, nameAttribute, partOf, type SetNamed } from "./expression.ts";
import { listedAttributes, patternOfListed, setAttributes } from "./set.ts";

type Unnumbered = Omit<Message, "sequence">;

export interface ScriptMessage {
  message: Unnumbered;
  /** What of the table it is about, in words. */
  subject: string;
}

/** Numbers for the sets of one transaction. */
export interface SetNumbers {
  next: () => number;
}

const making = NLM_F.REQUEST | NLM_F.CREATE;

class Writer {
  readonly #place: ReturnType<typeof placeOf>;
  readonly #numbers: SetNumbers;

  constructor(table: string, numbers: SetNumbers) {
    this.#place = placeOf(table);
    this.#numbers = numbers;
  }

  messages(command: Command): Unnumbered[] {
    const { NEWTABLE, DELTABLE, DELCHAIN } = made.NFT_MSG_CHANGE;
    if ("remove" in command) {
      const which = command.remove === "chain" ? [this.#text(NFTA_CHAIN.NAME, command.chain)] : [];
      const type = command.remove === "chain" ? DELCHAIN : DELTABLE;
      return [this.#message(type, NLM_F.REQUEST, ...which)];
    }
    switch (command.add) {
      case "table":
        // Without flags the kernel would leave a dormant table asleep.
        return [this.#message(NEWTABLE, making, number(NFTA_TABLE.FLAGS, 0))];
      case "set":
        return [this.#set(command.set)];
      case "chain":
        return [this.#chain(command.chain, command.hasHook)];
      case "rule":
        return this.#rule(command.rule, command.chain);
    }
  }

  #text(type: number, value: string): Uint8Array {
    return encodeAttribute(type, text(value));
  }

  /** The table's name is the first attribute of each message, with the same number in all. */
  #message(type: number, flags: number, ...attributes: Uint8Array[]): Unnumbered {
    const { header, name } = this.#place;
    return { type, flags, body: concat(header, this.#text(NFTA_TABLE.NAME, name), ...attributes) };
  }

  #set({ name, type }: SetDeclaration): Unnumbered {
    if (type === undefined) throw new TypeError(`set ${name} is one that was observed`);
    const attributes = setAttributes(name, type, this.#numbers.next());
    return this.#message(made.NFT_MSG_CHANGE.NEWSET, making, attributes);
  }

  #chain({ name, type, hook, priority }: Chain, hasHook: boolean): Unnumbered {
    const { NAME, HOOK, POLICY, TYPE } = NFTA_CHAIN;
    const hookNumber = this.#place.hooks.indexOf(hook);
    const settings = [
      encodeNested(
        HOOK,
        number(NFTA_HOOK.HOOKNUM, hookNumber),
        number(NFTA_HOOK.PRIORITY, priority),
      ),
      number(POLICY, made.NF_ACCEPT),
      this.#text(TYPE, type),
    ];
    return this.#message(
      made.NFT_MSG_CHANGE.NEWCHAIN,
      making,
      this.#text(NAME, name),
      ...(hasHook ? settings : []),
    );
  }

  /** The sets without names that a rule refers to come before it. */
  #rule({ id, does }: Rule, chain: string): Unnumbered[] {
    if (does === undefined) throw new TypeError(`rule ${id} is one that was observed`);
    const before: Unnumbered[] = [];
    const named = (set: string | Listed): SetNamed => {
      if (typeof set === "string") return { name: set, id: null };
      const setNumber = this.#numbers.next();
      before.push(...this.#listed(set, setNumber));
      return { name: patternOfListed, id: setNumber };
    };
    const expressions = does.map((instruction) => expressionOf(instruction, named));
    const comment = text(id);
    const rule = this.#message(
      made.NFT_MSG_CHANGE.NEWRULE,
      making | NLM_F.APPEND,
      this.#text(NFTA_RULE.CHAIN, chain),
      encodeNested(made.NFTA_RULE_EXPRESSIONS, ...expressions),
      encodeAttribute(
        NFTA_RULE.USERDATA,
        concat(Uint8Array.of(NFTNL_UDATA_RULE_COMMENT, comment.length), comment),
      ),
    );
    return [...before, rule];
  }

  #listed(set: Listed, setNumber: number): Unnumbered[] {
    const { SET, ELEMENTS } = NFTA_SET_ELEM_LIST;
    const elements = set.values.map((value) =>
      inList(valued(NFTA_SET_ELEM.KEY, Uint8Array.of(value))),
    );
    return [
      this.#message(made.NFT_MSG_CHANGE.NEWSET, making, listedAttributes(set, setNumber)),
      this.#message(
        NFT_MSG.NEWSETELEM,
        making,
        this.#text(SET, patternOfListed),
        number(made.NFTA_SET_ELEM_LIST_SET_ID, setNumber),
        encodeNested(ELEMENTS, ...elements),
      ),
    ];
  }
}

export function scriptMessages({ table, commands }: Script, numbers: SetNumbers): ScriptMessage[] {
  const writer = new Writer(table, numbers);
  return commands.flatMap((command) => {
    const subject = subjectOf(command);
    return writer.messages(command).map((message) => ({ message, subject }));
  });
}

const ENOENT = 2;

/** The name of the expression that the kernel points at in a message of ours. */
function expressionAt({ body }: Unnumbered, offset: number): string | undefined {
  if (offset < nfgenmsg.bytes || offset + attributeHeaderBytes > body.length) return undefined;
  const length = viewOf(body).getUint16(offset, true);
  const expression = body.subarray(offset + attributeHeaderBytes, offset + length);
  return new Attributes(expression).text(nameAttribute);
}

/** The refusal in words: the kernel's, what of the table it is about, and what the kernel lacks. */
export function reasonOf({ message, subject }: ScriptMessage, refused: NetlinkError): string {
  const said = `${refused.message}, for ${subject}`;
  const isRule = message.type === made.NFT_MSG_CHANGE.NEWRULE;
  if (!isRule || refused.offset === null || refused.errno !== ENOENT) return said;
  const name = expressionAt(message, refused.offset);
  const part = name === undefined ? undefined : partOf[name];
  return part === undefined ? said : `${said}: the kernel lacks ${part}`;
}
