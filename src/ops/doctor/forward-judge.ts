/**
 * Judges whether somebody else's chain at the hook forward drops what belongs to pods, and says what to do
 * about it.
 */
import { type Family, familyOf } from "../../plan/ip.ts";
import { prefixOf } from "../../plan/prefix.ts";
import { type Finding, warn } from "./finding.ts";
import type { Flow } from "./forward-flow.ts";
import type { NftTable } from "./forward-nft.ts";
import { type Fate, fateOf } from "./forward-walk.ts";
import type { PodNetwork } from "./pod-networks.ts";

/** Says by the family of their table which chains a packet of a family passes. */
const passes: Record<string, (family: Family, isBridged: boolean) => boolean> = {
  ip: (family) => family === 4,
  ip6: (family) => family === 6,
  inet: () => true,
  bridge: (_, isBridged) => isBridged,
};

/** Stands for a port of the bridge. The bridge family sees ports where the other families see the bridge. */
const somePort = "fwv10";

/** The kinds of packets that pods send and are sent by way of the node, as the first packet of each. */
function flowsOf({ bridge, uplink, subnets }: PodNetwork, isBridgeTable: boolean): Flow[] {
  return subnets.flatMap((subnet): Flow[] => {
    const common = { family: familyOf(subnet), inBridge: bridge };
    const pods = prefixOf(subnet);
    const inside = isBridgeTable ? somePort : bridge;
    const each: Flow = {
      ...common,
      words: "what pods of this node send each other",
      iif: inside,
      oif: inside,
      source: pods,
      destination: pods,
    };
    if (isBridgeTable) return [each];
    return [
      {
        ...common,
        words: "what pods send beyond the node",
        iif: bridge,
        oif: uplink,
        source: pods,
        destination: null,
      },
      {
        ...common,
        words: "what is sent to pods from beyond the node",
        iif: uplink,
        oif: bridge,
        inBridge: null,
        source: null,
        destination: pods,
      },
      each,
    ];
  });
}

export interface ForwardTable {
  table: NftTable;
  /** Whether iptables-legacy has it, and not nf_tables. */
  isLegacy: boolean;
}

function advice({ table, isLegacy }: ForwardTable, chain: string, bridge: string): string {
  const { family, name } = table;
  if (name === "firewalld")
    return `firewall-cmd --permanent --zone=trusted --add-interface=${bridge}, then firewall-cmd --reload`;
  if (isLegacy || (name === "filter" && chain === "FORWARD")) {
    const tool = `${family === "ip6" ? "ip6tables" : "iptables"}${isLegacy ? "-legacy" : ""}`;
    // Docker puts its own chains first, and leaves this one to its users.
    const isDockers = table.chains.some((each) => each.name === "DOCKER-USER");
    const at = isDockers ? "DOCKER-USER" : chain;
    return `let the bridge's packets pass, and have whoever makes these rules keep it so: ${tool} -I ${at} -i ${bridge} -j ACCEPT; ${tool} -I ${at} -o ${bridge} -j ACCEPT`;
  }
  const [iif, oif] = family === "bridge" ? ["ibrname", "obrname"] : ["iifname", "oifname"];
  const insert = (key: string | undefined): string =>
    `nft insert rule ${family} ${name} ${chain} ${key} "${bridge}" accept`;
  return `let the bridge's packets pass, and have whoever makes these rules keep it so: ${insert(iif)}; ${insert(oif)}`;
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** There is one finding for each base chain that drops any of these packets. */
export function judgeForward(given: ForwardTable, networks: readonly PodNetwork[]): Finding[] {
  const { table, isLegacy } = given;
  const isBridgeTable = table.family === "bridge";
  const flows = networks.flatMap((network) =>
    flowsOf(network, isBridgeTable)
      .filter(({ family }) => passes[table.family]?.(family, isBridgeTable) === true)
      .map((flow) => ({ flow, bridge: network.bridge })),
  );
  return table.chains
    .filter(({ hook }) => hook === "forward")
    .flatMap(({ name, prio = 0 }) => {
      const dropped = flows.flatMap(({ flow, bridge }) => {
        const fate: Fate = fateOf(table, name, flow);
        return fate.fate === "drop" ? [{ words: flow.words, by: fate.by, bridge }] : [];
      });
      const [first] = dropped;
      if (first === undefined) return [];
      const unique = (texts: string[]): string[] => [...new Set(texts)];
      const words = listed(unique(dropped.map((each) => each.words)));
      const by = listed(unique(dropped.map((each) => each.by)));
      const whose = isLegacy ? " of iptables-legacy" : "";
      return [
        warn(
          "path.forward",
          `chain ${name} of table ${table.family} ${table.name}${whose} (hook forward, priority ${prio}) drops ${words}: ${by}`,
          advice(given, name, first.bridge),
        ),
      ];
    });
}
