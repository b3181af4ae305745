/** nf_tables has its numbers big-endian, also where the rest of netlink has them as the machine does. */
import { encodeAttribute, encodeNested } from "../../netlink/codec.ts";
import { NFTA_LIST_ELEM } from "../../netlink/tables.ts";

const bytesOf = (length: number, put: (view: DataView) => void): Uint8Array => {
  const out = new Uint8Array(length);
  put(new DataView(out.buffer));
  return out;
};

const be32 = (value: number): Uint8Array => bytesOf(4, (v) => v.setInt32(0, value, false));
export const be64 = (value: number): Uint8Array =>
  bytesOf(8, (v) => v.setBigUint64(0, BigInt(value), false));

export const number = (type: number, value: number): Uint8Array =>
  encodeAttribute(type, be32(value));

export const inList = (...attributes: Uint8Array[]): Uint8Array =>
  encodeNested(NFTA_LIST_ELEM, ...attributes);
