/** The parts of `nft -j list ...` that are looked at (libnftables-json(5)). */

/** A value: a word, a number, a prefix, a range, ... */
export type NftItem = unknown;

export type Statement = Record<string, unknown>;

export interface NftRule {
  chain: string;
  expr: Statement[];
}

export interface NftChain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  prio?: number;
  policy?: string;
}

/** One whole table. */
export interface NftTable {
  family: string;
  name: string;
  chains: NftChain[];
  rules: NftRule[];
  /** The elements of its sets and maps, by name. */
  elements: Map<string, NftItem[]>;
}

interface Listed {
  chain?: NftChain;
  rule?: NftRule;
  set?: { name: string; elem?: NftItem[] };
  map?: { name: string; elem?: NftItem[] };
}

export interface Listing {
  nftables: Listed[];
}

export const baseChainsOf = ({ nftables }: Listing, hook: string): NftChain[] =>
  nftables.flatMap(({ chain }) => (chain?.hook === hook ? [chain] : []));

export function tableOf({ nftables }: Listing, family: string, name: string): NftTable {
  return {
    family,
    name,
    chains: nftables.flatMap(({ chain }) => (chain === undefined ? [] : [chain])),
    rules: nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule])),
    elements: new Map(
      nftables
        .flatMap(({ set, map }) => set ?? map ?? [])
        .map(({ name: of, elem = [] }): [string, NftItem[]] => [of, elem]),
    ),
  };
}
