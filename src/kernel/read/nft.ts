/** Our nftables table as `nft -j` tells it: its static part, and the elements of its sets. */
import { FairwayError } from "../../errors.ts";
import { table } from "../../plan/names.ts";
import type { Chain, Element, Ruleset } from "../../plan/state.ts";
import { runTool } from "../children.ts";

export interface ObservedTable {
  ruleset: Ruleset;
  elements: Element[];
}

/** libnftables-json(5), as far as we read it. */
type Value =
  | string
  | number
  | { prefix: { addr: string; len: number } }
  | { range: [string, string] }
  | { concat: Value[] }
  | { elem: { val: Value } };
interface SetJson {
  name: string;
  elem?: (Value | [Value, string])[];
}
interface Item {
  set?: SetJson;
  map?: SetJson;
  chain?: { name: string; type?: string; hook?: string; prio?: number };
  rule?: { chain: string; comment?: string };
}

function keyText(value: Value): string {
  if (typeof value !== "object") return String(value);
  if ("prefix" in value) return `${value.prefix.addr}/${value.prefix.len}`;
  if ("range" in value) return value.range.join("-");
  if ("elem" in value) return keyText(value.elem.val);
  return value.concat.map(keyText).join(" . ");
}

function elementsOf({ name, elem = [] }: SetJson): Element[] {
  return elem.map((entry) =>
    Array.isArray(entry)
      ? { kind: "element", set: name, key: keyText(entry[0]), value: entry[1] }
      : { kind: "element", set: name, key: keyText(entry), value: null },
  );
}

export function tableOf(items: Item[]): ObservedTable {
  const ruleset: Ruleset = { kind: "ruleset", table, sets: [], chains: [] };
  const elements: Element[] = [];
  const chains = new Map<string, Chain>();
  for (const item of items) {
    const set = item.set ?? item.map;
    if (set !== undefined) {
      ruleset.sets.push({ name: set.name, kind: item.map === undefined ? "set" : "map", spec: "" });
      elements.push(...elementsOf(set));
    }
    if (item.chain !== undefined) {
      const { name, type = "none", hook = "none", prio = 0 } = item.chain;
      const chain: Chain = { name, type, hook, priority: prio, rules: [] };
      chains.set(name, chain);
      ruleset.chains.push(chain);
    }
    // A rule that has not our comment is not our rule, whatever it says.
    if (item.rule !== undefined)
      chains
        .get(item.rule.chain)
        ?.rules.push({ id: item.rule.comment ?? "a rule of somebody else's", text: "" });
  }
  return { ruleset, elements };
}

/** null: there is no such table. Throws where nft or the kernel cannot say. */
export function readTable(): ObservedTable | null {
  const { ok, stdout, stderr } = runTool("nft", ["-j", "list", "table", ...table.split(" ")]);
  if (!ok) {
    // strerror(ENOENT), in the C locale.
    if (stderr.includes("No such file or directory")) return null;
    throw new FairwayError(
      "missingKernelPart",
      `nft cannot list table ${table}: ${stderr.split("\n")[0] ?? "no reason given"}`,
      "fairway needs nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET; modprobe nf_tables) and CAP_NET_ADMIN",
    );
  }
  const { nftables } = JSON.parse(stdout) as { nftables: Item[] };
  return tableOf(nftables);
}
