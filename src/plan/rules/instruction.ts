/**
 * What a rule does, in the terms of nf_tables' own machine: instructions that load something of a packet into
 * a register, compare it, look it up, or give a verdict. nft compiles its language to the same.
 */

/** What a packet has beside its bytes. */
export type MetaKey =
  | "length"
  | "priority"
  | "mark"
  | "iif"
  | "iifname"
  | "oifname"
  | "nfproto"
  | "l4proto"
  | "pkttype";

export type Header = "link" | "network" | "transport";

/** Where something stands that is loaded. */
export type Source = { meta: MetaKey } | { header: Header; offsetBytes: number };

/** A part of a packet, under the name by which nft's language knows it. */
export interface Field {
  text: string;
  bytes: number;
  from: Source;
}

/** The registers have 16 bytes, and each is four words of their own numbers. A word is counted from the first. */
export type Word = number;
export const wordBytes = 4;

/** What a set without a name holds: it belongs to one rule. */
export interface Listed {
  of: "inet_proto" | "icmpv6_type";
  values: readonly number[];
}

export type Verdict = "accept" | "drop" | "return";

/** Values are bytes in the order in which they lie in the register. */
export type Instruction =
  | { does: "load"; from: Source; bytes: number; into: Word }
  /** The flags of the fragment header of IPv6, and the offset beside them. */
  | { does: "load fragment"; offsetBytes: number; bytes: number }
  /** The kind of address that the source is to this host. */
  | { does: "load source type" }
  /** Turns a number of the host's byte order round, so that numbers are compared as bytes. */
  | { does: "to network order"; bytes: number }
  | { does: "mask"; mask: readonly number[] }
  | { does: "compare"; is: Comparison; value: readonly number[] }
  /** With `into` the set is a map, and what it says comes into that word. */
  | { does: "look up"; set: string | Listed; isNegated: boolean; into: Word | null }
  | { does: "put"; value: readonly number[] }
  | { does: "set"; meta: "priority" | "mark" }
  | { does: "limit"; bytesPerSecond: number; burstBytes: number }
  | { does: "masquerade" }
  | { does: "verdict"; verdict: Verdict };

export type Comparison = "==" | "!=" | "<" | "<=" | ">=";

/** A part of a rule: as nft's language has it, and the same for the kernel. */
export interface Statement {
  text: string;
  does: readonly Instruction[];
}
