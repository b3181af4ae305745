/**
 * Reads the tables of iptables-legacy, which nf_tables does not know. What `iptables-legacy -S` prints is
 * brought into the form of nft's, so that one walk serves both.
 */
import type { NftChain, NftRule, NftTable, Statement } from "./forward-nft.ts";

/** A comment may hold anything, in double quotes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");

const match = (left: unknown, right: unknown, isNot: boolean): Statement => ({
  match: { op: isNot ? "!=" : "==", left, right },
});

const interfaceName = (text: string): string => text.replace(/\+$/, "*");

/** Stands for an option that selects some packets. Which ones is not worked out. */
const someOf: Statement = { limit: {} };

function targetOf(name: string, how: "jump" | "goto", chains: readonly string[]): Statement {
  if (name === "ACCEPT" || name === "DROP" || name === "RETURN" || name === "QUEUE")
    return { [name.toLowerCase()]: null };
  if (name === "REJECT") return { reject: null };
  return chains.includes(name) ? { [how]: { target: name } } : { xt: { type: "target", name } };
}

function expressions(words: string[], protocol: "ip" | "ip6", chains: string[]): Statement[] {
  const found: Statement[] = [];
  let isNot = false;
  for (let at = 0; at < words.length; at++) {
    const [word = "", value = ""] = [words[at], words[at + 1]];
    if (word === "!") {
      isNot = true;
      continue;
    }
    switch (word) {
      case "-i":
      case "-o": {
        const key = word === "-i" ? "iifname" : "oifname";
        found.push(match({ meta: { key } }, interfaceName(value), isNot));
        break;
      }
      case "-s":
      case "-d": {
        const field = word === "-s" ? "saddr" : "daddr";
        found.push(match({ payload: { protocol, field } }, value, isNot));
        break;
      }
      case "-p":
        found.push(match({ meta: { key: "l4proto" } }, value, isNot));
        break;
      case "--ctstate":
      case "--state":
        found.push(match({ ct: { key: "state" } }, value.toLowerCase().split(","), isNot));
        break;
      case "-j":
      case "-g":
        found.push(targetOf(value, word === "-j" ? "jump" : "goto", chains));
        // The words that follow are the target's own options.
        return found;
      case "-m":
      case "--comment":
        break;
      default:
        if (word.startsWith("-")) found.push(someOf);
        // The words that belong to it are passed over one by one.
        isNot = false;
        continue;
    }
    isNot = false;
    at++;
  }
  return found;
}

/** Reads the lines of `iptables-legacy -S`. */
export function legacyTable(text: string, protocol: "ip" | "ip6"): NftTable {
  const lines = text.split("\n").map(wordsOf);
  const chains = lines.flatMap(([kind, name = "", policy]): NftChain[] => {
    const chain = { family: protocol, table: "filter", name };
    if (kind === "-N") return [chain];
    return kind === "-P"
      ? [{ ...chain, hook: name.toLowerCase(), prio: 0, policy: (policy ?? "").toLowerCase() }]
      : [];
  });
  const names = chains.map(({ name }) => name);
  const rules = lines.flatMap(([kind, chain = "", ...rest]): NftRule[] =>
    kind === "-A" ? [{ chain, expr: expressions(rest, protocol, names) }] : [],
  );
  return { family: protocol, name: "filter", chains, rules, elements: new Map() };
}
