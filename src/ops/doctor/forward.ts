/** Looks at the base chains of others at the hook forward. Fairway's own are left out. */
import { readFileSync } from "node:fs";
import { findToolIfAny, runTool } from "../../kernel/children.ts";
import { tablesAtForward } from "../../kernel/read/others-tables.ts";
import { guardTable, table as ownTable } from "../../plan/names.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";
import { type ForwardTable, judgeForward } from "./forward-judge.ts";
import { legacyTable } from "./forward-legacy.ts";
import { baseChainsOf, type Listing, tableOf } from "./forward-nft.ts";
import { type PodNetwork, podNetworksOf } from "./pod-networks.ts";

const id = "path.forward";

class ListingFailed extends Error {}

function list(...argv: string[]): Listing {
  const { ok: listed, stdout, stderr } = runTool("nft", ["-j", "list", ...argv]);
  if (!listed) throw new ListingFailed(stderr.split("\n")[0] ?? "no reason given");
  return JSON.parse(stdout) as Listing;
}

const own = new Set<string>([ownTable, guardTable]);

/** What nft would tell of others' rules is not known without it. null means that they have none there. */
function withoutNft(): Finding | null {
  const others = tablesAtForward().filter((name) => !own.has(name));
  if (others.length === 0) return null;
  return warn(
    id,
    `others have chains there (table ${others.join(", ")}), and nft, which tells their rules, is in none of the folders of PATH: whether they drop pods' packets is not determined`,
    "install nftables, or run `fairway doctor` where it is; Fairway itself does without it",
  );
}

function nfTables(): ForwardTable[] {
  const names = baseChainsOf(list("chains"), "forward").map(
    ({ family, table }) => `${family} ${table}`,
  );
  return [...new Set(names)]
    .filter((name) => !own.has(name))
    .map((name) => {
      const [family = "", table = ""] = name.split(" ");
      return { table: tableOf(list("table", family, table), family, table), isLegacy: false };
    });
}

/** The file is absent where the kernel part was never loaded: then there are no tables. */
function legacyNames(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

const legacy = [
  { names: "/proc/net/ip_tables_names", tool: "iptables-legacy", protocol: "ip" },
  { names: "/proc/net/ip6_tables_names", tool: "ip6tables-legacy", protocol: "ip6" },
] as const;

function legacyFindings(networks: readonly PodNetwork[]): Finding[] {
  return legacy.flatMap(({ names, tool, protocol }) => {
    if (!legacyNames(names).includes("filter")) return [];
    const shown = findToolIfAny(tool) === null ? null : runTool(tool, ["-S"]);
    if (shown?.ok === true)
      return judgeForward({ table: legacyTable(shown.stdout, protocol), isLegacy: true }, networks);
    return [
      warn(
        id,
        `the kernel has the table filter of ${tool}, whose rules nft does not show: whether they drop pods' packets is not determined`,
        `look at its chain FORWARD (${tool} -S FORWARD), or move these rules to iptables-nft`,
      ),
    ];
  });
}

export function forwarding(patient: Patient): Finding[] {
  return attempt(id, () => {
    const networks = podNetworksOf(patient);
    if (networks.length === 0) return [];
    try {
      const hasNft = findToolIfAny("nft") !== null;
      const untold = hasNft ? null : withoutNft();
      const tables = hasNft ? nfTables() : [];
      const found = [
        ...(untold === null ? [] : [untold]),
        ...tables.flatMap((table) => judgeForward(table, networks)),
        ...legacyFindings(networks),
      ];
      if (found.length > 0) return found;
      return [
        ok(
          id,
          `${tables.length} tables of others have chains there, and none of them drops what pods send or are sent, as far as their rules tell`,
        ),
      ];
    } catch (failed) {
      if (!(failed instanceof ListingFailed)) throw failed;
      return [
        error(
          id,
          `nft cannot list the chains at the hook forward: ${failed.message}`,
          "nf_tables and CAP_NET_ADMIN are needed",
        ),
      ];
    }
  });
}
