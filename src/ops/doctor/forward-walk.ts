/**
 * Finds out what a chain does with a flow, as far as its text tells. A rule for a part of the packets decides
 * nothing. A rule that nobody here can judge and that accepts makes the answer "maybe", since a warning that
 * is not true costs more than one that is missing.
 */
import { type Flow, type Holds, holdsFor } from "./forward-flow.ts";
import type { NftItem, NftTable, Statement } from "./forward-nft.ts";

export interface Fate {
  fate: "accept" | "drop" | "maybe" | "continue";
  /** For example "by its policy, drop", or "by a rule of chain X that rejects". */
  by: string;
}

const goesOn: Fate = { fate: "continue", by: "" };
const accepted: Fate = { fate: "accept", by: "" };
const maybe: Fate = { fate: "maybe", by: "" };

const any = (answers: Holds[]): Holds =>
  (["yes", "unknown", "partly"] as const).find((each) => answers.includes(each)) ?? "no";
const all = (answers: Holds[]): Holds =>
  (["no", "unknown", "partly"] as const).find((each) => answers.includes(each)) ?? "yes";

const opposite: Record<Holds, Holds> = {
  yes: "no",
  no: "yes",
  partly: "partly",
  unknown: "unknown",
};

/** An element may carry a comment, a timeout or a counter. */
function plain(item: NftItem): NftItem {
  const elem = (item as { elem?: { val: NftItem } } | null)?.elem;
  return typeof item === "object" && elem !== undefined ? elem.val : item;
}

function itemsOf(right: NftItem, { elements }: NftTable): NftItem[] | null {
  if (typeof right === "string" && right.startsWith("@"))
    return elements.get(right.slice(1))?.map(plain) ?? null;
  if (Array.isArray(right)) return right;
  const set = (right as { set?: NftItem[] } | null)?.set;
  return typeof right === "object" && Array.isArray(set) ? set.map(plain) : [right];
}

function itemHolds(flow: Flow, left: unknown, item: NftItem): Holds {
  const parts = (left as { concat?: unknown[] } | null)?.concat;
  if (parts === undefined) return holdsFor(flow, left, item);
  const values = (item as { concat?: NftItem[] } | null)?.concat;
  if (values === undefined) return "unknown";
  return all(parts.map((part, at) => holdsFor(flow, part, values[at])));
}

interface Match {
  op: string;
  left: unknown;
  right: NftItem;
}

function matchHolds(flow: Flow, { op, left, right }: Match, table: NftTable): Holds {
  if (!["==", "in", "!="].includes(op)) return "partly";
  const items = itemsOf(right, table);
  const holds = items === null ? "unknown" : any(items.map((item) => itemHolds(flow, left, item)));
  return op === "!=" ? opposite[holds] : holds;
}

/**
 * These are extensions of xtables, whose settings nft does not show. Those of `ofAll` say something of every
 * packet, those of `ofSome` select some.
 */
const ofAll = new Set(["comment"]);
const ofSome = new Set([
  ...["mark", "connmark", "conntrack", "state", "tcp", "udp", "udplite", "icmp", "icmp6", "sctp"],
  ...["multiport", "limit", "hashlimit", "addrtype", "physdev", "pkttype", "owner", "recent"],
  ...["length", "ttl", "hl", "dscp", "tos", "statistic", "string", "time", "policy", "connlimit"],
  ...[
    "connbytes",
    "quota",
    "iprange",
    "mac",
    "rpfilter",
    "socket",
    "helper",
    "ecn",
    "tcpmss",
    "u32",
  ],
]);

function xtHolds(name: string): Holds {
  if (ofAll.has(name)) return "yes";
  return ofSome.has(name) ? "partly" : "unknown";
}

const selecting = ["limit", "quota", "ct count"];

function conditionHolds(flow: Flow, statement: Statement, table: NftTable): Holds {
  if ("match" in statement) return matchHolds(flow, statement.match as Match, table);
  if (selecting.some((key) => key in statement)) return "partly";
  const { xt } = statement as { xt?: { type?: string; name?: string } | null };
  if (xt === null) return "unknown";
  return xt?.type === "match" ? xtHolds(xt.name ?? "") : "yes";
}

const deepest = 16;

class Walk {
  constructor(
    readonly table: NftTable,
    readonly flow: Flow,
  ) {}

  /** Walks through a chain's rules; "continue" means that none of them ends the walk. */
  chain(name: string, depth: number): Fate {
    if (depth > deepest || !this.table.chains.some((chain) => chain.name === name)) return maybe;
    for (const { chain, expr } of this.table.rules) {
      if (chain !== name) continue;
      const { fate, returns } = this.rule(name, expr, depth);
      if (returns) return fate;
      if (fate.fate !== "continue") return fate;
    }
    return goesOn;
  }

  private rule(chain: string, expr: Statement[], depth: number): { fate: Fate; returns: boolean } {
    let holds: Holds = "yes";
    for (const statement of expr) {
      const { fate, returns, isVerdict } = this.verdict(chain, statement, depth);
      if (isVerdict) {
        if (holds === "yes") return { fate, returns };
        // From what holds for a part of the packets nothing follows for the rest.
        const mayAccept = holds === "unknown" && ["accept", "maybe"].includes(fate.fate);
        return { fate: mayAccept ? maybe : goesOn, returns: false };
      }
      holds = all([holds, conditionHolds(this.flow, statement, this.table)]);
      if (holds === "no") break;
    }
    return { fate: goesOn, returns: false };
  }

  private verdict(
    chain: string,
    statement: Statement,
    depth: number,
  ): { fate: Fate; returns: boolean; isVerdict: boolean } {
    const ended = (fate: Fate, returns = false) => ({ fate, returns, isVerdict: true });
    const target = (key: string): string | undefined =>
      (statement[key] as { target?: string } | null | undefined)?.target;
    const { xt } = statement as { xt?: { type?: string; name?: string } | null };
    const drop = (how: string): Fate => ({
      fate: "drop",
      by: `by a rule of chain ${chain} that ${how}`,
    });
    if ("accept" in statement) return ended(accepted);
    if ("drop" in statement) return ended(drop("drops"));
    if ("reject" in statement || (xt?.type === "target" && xt.name === "REJECT"))
      return ended(drop("rejects"));
    if ("return" in statement) return ended(goesOn, true);
    const [jump, goto] = [target("jump"), target("goto")];
    if (jump !== undefined) return ended(this.chain(jump, depth + 1));
    if (goto !== undefined) return ended(this.chain(goto, depth + 1), true);
    if ("queue" in statement) return ended(maybe);
    if ("vmap" in statement)
      return ended(
        this.verdictMap(chain, statement.vmap as { key: unknown; data: NftItem }, depth),
      );
    return { fate: goesOn, returns: false, isVerdict: false };
  }

  private verdictMap(
    chain: string,
    { key, data }: { key: unknown; data: NftItem },
    depth: number,
  ): Fate {
    const items = itemsOf(data, this.table);
    if (items === null) return maybe;
    for (const item of items) {
      if (!Array.isArray(item)) return maybe;
      const [value, verdict] = item as [NftItem, Statement];
      const holds = itemHolds(this.flow, key, plain(value));
      if (holds !== "yes" && holds !== "unknown") continue;
      const { fate } = this.verdict(chain, verdict, depth);
      if (holds === "yes") return fate;
      if (fate.fate === "accept" || fate.fate === "maybe") return maybe;
    }
    return goesOn;
  }
}

/** The fate of a flow in a base chain, whose policy counts at the end. */
export function fateOf(table: NftTable, base: string, flow: Flow): Fate {
  const found = new Walk(table, flow).chain(base, 0);
  if (found.fate !== "continue") return found;
  const policy = table.chains.find(({ name }) => name === base)?.policy ?? "accept";
  return policy === "drop" ? { fate: "drop", by: "by its policy, drop" } : accepted;
}
