/** Rates as qdiscs and classes are given them. */
import { tcRatespec } from "../netlink/structs.ts";
import { TC_LINKLAYER_ETHERNET } from "../netlink/tables.ts";
import { type Attribute, attribute, u64 } from "./request.ts";

/** From this rate on, the rate is in an attribute of 64 bits, and the struct's field is all ones. */
const wideRate = 2 ** 32;

/**
 * If the link layer is given, the kernel asks for no rate table (psched_ratecfg_precompute has replaced
 * them).
 */
export const ratespec = (rateBytes: number): Uint8Array =>
  tcRatespec.encode({
    linklayer: TC_LINKLAYER_ETHERNET,
    cellAlign: -1,
    rate: Math.min(rateBytes, wideRate - 1),
  });

export const wide = (type: number, rateBytes: number): Attribute[] =>
  rateBytes >= wideRate ? [attribute(type, u64(rateBytes))] : [];
