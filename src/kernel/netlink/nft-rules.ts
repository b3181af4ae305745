/**
 * Numbers of nf_tables that are needed only where a table is made (include/uapi/linux/netfilter/nf_tables.h,
 * where no other file is named).
 */

import { NFNL_SUBSYS_NFTABLES } from "./tables.ts";

export const NFT_MSG_CHANGE = {
  NEWTABLE: NFNL_SUBSYS_NFTABLES | 0,
  DELTABLE: NFNL_SUBSYS_NFTABLES | 2,
  NEWCHAIN: NFNL_SUBSYS_NFTABLES | 3,
  DELCHAIN: NFNL_SUBSYS_NFTABLES | 5,
  NEWRULE: NFNL_SUBSYS_NFTABLES | 6,
  NEWSET: NFNL_SUBSYS_NFTABLES | 9,
} as const;

/** Attributes of what is made, beside those by which it is read (tables.ts). */
export const NFTA_RULE_EXPRESSIONS = 4;
export const NFTA_SET = {
  TABLE: 1,
  NAME: 2,
  FLAGS: 3,
  KEY_TYPE: 4,
  KEY_LEN: 5,
  DATA_TYPE: 6,
  DATA_LEN: 7,
  DESC: 9,
  ID: 10,
  USERDATA: 13,
  EXPR: 17,
} as const;
export const NFTA_SET_DESC = { SIZE: 1, CONCAT: 2 } as const;
export const NFTA_SET_FIELD_LEN = 1;
export const NFT_SET = { ANONYMOUS: 1, CONSTANT: 2, INTERVAL: 4, MAP: 8, CONCAT: 0x80 } as const;
export const NFTA_SET_ELEM_LIST_SET_ID = 4;
export const NF_ACCEPT = 1;

export const NFTA_EXPR = { NAME: 1, DATA: 2 } as const;
/** NFTA_DATA_VERDICT; the value is NFTA_DATA_VALUE. */
export const NFTA_DATA_VERDICT = 2;
export const NFTA_VERDICT_CODE = 1;

/** The register of a verdict, the first of those with 16 bytes, and the first of those with four. */
export const NFT_REG = { VERDICT: 0, FIRST: 1, FIRST_WORD: 8 } as const;

export const NFTA_META = { DREG: 1, KEY: 2, SREG: 3 } as const;
export const NFT_META = {
  length: 0,
  priority: 2,
  mark: 3,
  iif: 4,
  iifname: 6,
  oifname: 7,
  nfproto: 15,
  l4proto: 16,
  pkttype: 19,
} as const;
export const NFTA_PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4 } as const;
export const NFT_PAYLOAD = { link: 0, network: 1, transport: 2 } as const;
export const NFTA_EXTHDR = { DREG: 1, TYPE: 2, OFFSET: 3, LEN: 4, FLAGS: 5, OP: 6 } as const;
/** include/uapi/linux/in6.h */
export const IPPROTO_FRAGMENT = 44;
export const NFTA_FIB = { DREG: 1, RESULT: 2, FLAGS: 3 } as const;
export const NFT_FIB_RESULT_ADDRTYPE = 3;
export const NFTA_FIB_F_SADDR = 1;
export const NFTA_BYTEORDER = { SREG: 1, DREG: 2, OP: 3, LEN: 4, SIZE: 5 } as const;
export const NFT_BYTEORDER_HTON = 1;
export const NFTA_BITWISE = { SREG: 1, DREG: 2, LEN: 3, MASK: 4, XOR: 5, OP: 6 } as const;
export const NFTA_CMP = { SREG: 1, OP: 2, DATA: 3 } as const;
export const NFT_CMP = { "==": 0, "!=": 1, "<": 2, "<=": 3, ">=": 5 } as const;
export const NFTA_LOOKUP = { SET: 1, SREG: 2, DREG: 3, SET_ID: 4, FLAGS: 5 } as const;
export const NFT_LOOKUP_F_INV = 1;
export const NFTA_IMMEDIATE = { DREG: 1, DATA: 2 } as const;
export const NFTA_LIMIT = { RATE: 1, UNIT: 2, BURST: 3, TYPE: 4, FLAGS: 5 } as const;
export const NFT_LIMIT_PKT_BYTES = 1;
export const NFT_LIMIT_F_INV = 1;
export const NFT_VERDICT = { accept: 1, drop: 0, return: -5 } as const;
