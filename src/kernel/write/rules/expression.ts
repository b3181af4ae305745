/** An instruction as nf_tables' expression. */
import type { Instruction, Listed, Source, Word } from "../../../plan/rules/instruction.ts";
import { encodeAttribute, encodeNested } from "../../netlink/codec.ts";
import * as nft from "../../netlink/nft-rules.ts";
import { valued } from "../elements.ts";
import { text, u8 } from "../request.ts";
import { be64, inList, number } from "./bytes.ts";

/** A set by its name, or one without a name by the number that it has in the transaction. */
export interface SetNamed {
  name: string;
  id: number | null;
}

const wordsInRegister = 4;

/** A word at which a register of 16 bytes begins goes by that register's number. */
const register = (word: Word): number =>
  word % wordsInRegister === 0
    ? nft.NFT_REG.FIRST + word / wordsInRegister
    : nft.NFT_REG.FIRST_WORD + word;

const first = register(0);

const expression = (name: string, ...data: Uint8Array[]): Uint8Array =>
  inList(
    encodeAttribute(nft.NFTA_EXPR.NAME, text(name)),
    encodeNested(nft.NFTA_EXPR.DATA, ...data),
  );

const value = (type: number, bytes: readonly number[]): Uint8Array =>
  valued(type, Uint8Array.from(bytes));

function load(from: Source, bytes: number, into: Word): Uint8Array {
  if ("meta" in from) {
    const { DREG, KEY } = nft.NFTA_META;
    return expression("meta", number(DREG, register(into)), number(KEY, nft.NFT_META[from.meta]));
  }
  const { DREG, BASE, OFFSET, LEN } = nft.NFTA_PAYLOAD;
  return expression(
    "payload",
    number(DREG, register(into)),
    number(BASE, nft.NFT_PAYLOAD[from.header]),
    number(OFFSET, from.offsetBytes),
    number(LEN, bytes),
  );
}

function loadFragment(offsetBytes: number, bytes: number): Uint8Array {
  const { DREG, TYPE, OFFSET, LEN } = nft.NFTA_EXTHDR;
  return expression(
    "exthdr",
    number(DREG, first),
    encodeAttribute(TYPE, u8(nft.IPPROTO_FRAGMENT)),
    number(OFFSET, offsetBytes),
    number(LEN, bytes),
  );
}

function lookUp(set: SetNamed, isNegated: boolean, into: Word | null): Uint8Array {
  const { SET, SREG, DREG, SET_ID, FLAGS } = nft.NFTA_LOOKUP;
  return expression(
    "lookup",
    encodeAttribute(SET, text(set.name)),
    number(SREG, first),
    ...(into === null ? [] : [number(DREG, register(into))]),
    ...(set.id === null ? [] : [number(SET_ID, set.id)]),
    number(FLAGS, isNegated ? nft.NFT_LOOKUP_F_INV : 0),
  );
}

function limit(bytesPerSecond: number, burstBytes: number): Uint8Array {
  const { RATE, UNIT, BURST, TYPE, FLAGS } = nft.NFTA_LIMIT;
  return expression(
    "limit",
    encodeAttribute(RATE, be64(bytesPerSecond)),
    encodeAttribute(UNIT, be64(1)),
    number(BURST, burstBytes),
    number(TYPE, nft.NFT_LIMIT_PKT_BYTES),
    number(FLAGS, nft.NFT_LIMIT_F_INV),
  );
}

function verdict(code: number): Uint8Array {
  const { DREG, DATA } = nft.NFTA_IMMEDIATE;
  return expression(
    "immediate",
    number(DREG, nft.NFT_REG.VERDICT),
    encodeNested(DATA, encodeNested(nft.NFTA_DATA_VERDICT, number(nft.NFTA_VERDICT_CODE, code))),
  );
}

function mask(bytes: readonly number[]): Uint8Array {
  const { SREG, DREG, LEN, MASK, XOR } = nft.NFTA_BITWISE;
  return expression(
    "bitwise",
    number(SREG, first),
    number(DREG, first),
    number(LEN, bytes.length),
    value(MASK, bytes),
    value(
      XOR,
      bytes.map(() => 0),
    ),
  );
}

function toNetworkOrder(bytes: number): Uint8Array {
  const { SREG, DREG, OP, LEN, SIZE } = nft.NFTA_BYTEORDER;
  return expression(
    "byteorder",
    number(SREG, first),
    number(DREG, first),
    number(OP, nft.NFT_BYTEORDER_HTON),
    number(LEN, bytes),
    number(SIZE, bytes),
  );
}

/** `named` is asked for sets without a name, too. */
export function expressionOf(
  instruction: Instruction,
  named: (set: string | Listed) => SetNamed,
): Uint8Array {
  switch (instruction.does) {
    case "load":
      return load(instruction.from, instruction.bytes, instruction.into);
    case "load fragment":
      return loadFragment(instruction.offsetBytes, instruction.bytes);
    case "load source type":
      return expression(
        "fib",
        number(nft.NFTA_FIB.DREG, first),
        number(nft.NFTA_FIB.RESULT, nft.NFT_FIB_RESULT_ADDRTYPE),
        number(nft.NFTA_FIB.FLAGS, nft.NFTA_FIB_F_SADDR),
      );
    case "to network order":
      return toNetworkOrder(instruction.bytes);
    case "mask":
      return mask(instruction.mask);
    case "compare":
      return expression(
        "cmp",
        number(nft.NFTA_CMP.SREG, first),
        number(nft.NFTA_CMP.OP, nft.NFT_CMP[instruction.is]),
        value(nft.NFTA_CMP.DATA, instruction.value),
      );
    case "look up":
      return lookUp(named(instruction.set), instruction.isNegated, instruction.into);
    case "put":
      return expression(
        "immediate",
        number(nft.NFTA_IMMEDIATE.DREG, first),
        value(nft.NFTA_IMMEDIATE.DATA, instruction.value),
      );
    case "set":
      return expression(
        "meta",
        number(nft.NFTA_META.KEY, nft.NFT_META[instruction.meta]),
        number(nft.NFTA_META.SREG, first),
      );
    case "limit":
      return limit(instruction.bytesPerSecond, instruction.burstBytes);
    case "masquerade":
      return expression("masq");
    case "verdict":
      return verdict(nft.NFT_VERDICT[instruction.verdict]);
  }
}

/** What an expression is called, of which this is the list's attribute. */
export const nameAttribute = nft.NFTA_EXPR.NAME;

/** The kernel's parts for those expressions that are not in nf_tables itself. */
export const partOf: Readonly<Record<string, string>> = {
  fib: "nft_fib_inet (CONFIG_NFT_FIB_INET)",
  limit: "nft_limit (CONFIG_NFT_LIMIT)",
  masq: "nft_masq (CONFIG_NFT_MASQ)",
};
