/** Finds rules of the routing policy that lead pods' packets past the main table, where their routes are. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { type NodeRoute, nodeRoutes } from "../../kernel/read/routes.ts";
import { type PolicyRule, policyRules } from "../../kernel/read/rules.ts";
import { families, ofFamily } from "../../plan/ip.ts";
import { type Prefix, prefixesOverlap, prefixOf, prefixText } from "../../plan/prefix.ts";
import { localTable, mainTable } from "../../plan/route-numbers.ts";
import { attempt, type Finding, ok, type Patient, warn } from "./finding.ts";
import { type PodNetwork, podNetworksOf } from "./pod-networks.ts";

const id = "path.rules";

/** This is RT_TABLE_DEFAULT, which is empty except where somebody filled it. */
const defaultTable = 253;

/** The rule as ip(8) writes it. */
function ruleText(rule: PolicyRule): string {
  const { priority, source, destination, iif, action, table, isInverted, hasMark } = rule;
  return [
    `${priority}:`,
    ...(isInverted ? ["not"] : []),
    `from ${source === null ? "all" : prefixText(source)}`,
    ...(destination === null ? [] : [`to ${prefixText(destination)}`]),
    ...(iif === null ? [] : [`iif ${iif}`]),
    ...(hasMark ? ["fwmark ..."] : []),
    action === "lookup" ? `lookup ${table}` : action,
  ].join(" ");
}

const takes = (wanted: Prefix | null, pods: Prefix): boolean =>
  wanted === null || prefixesOverlap(wanted, pods);

/** Whether a rule concerns what pods send (`outward`), or what is sent to them. */
function concerns(rule: PolicyRule, outward: boolean, pods: Prefix, network: PodNetwork): boolean {
  if (rule.isSelective) return false;
  // It is not known who marks what. A rule for packets without the mark takes all that others do not mark.
  if (rule.isInverted) return rule.hasMark && rule.source === null && rule.destination === null;
  if (rule.hasMark) return false;
  const [own, other] = outward ? [rule.source, rule.destination] : [rule.destination, rule.source];
  if (!takes(own, pods)) return false;
  // A rule for some destinations only is somebody's wish for these.
  if (other !== null && other.length > 0 && own === null) return false;
  return rule.iif === null || rule.iif === (outward ? network.bridge : network.uplink);
}

/** Whether the rule drops such a packet, or its table has a route that the packet may meet. */
function leadsAway(
  rule: PolicyRule,
  outward: boolean,
  pods: Prefix,
  routes: readonly NodeRoute[],
): boolean {
  if (rule.action !== "lookup") return rule.action !== null;
  return routes.some(({ dst }) => {
    if (rule.suppressLength !== null && dst.length <= rule.suppressLength) return false;
    // What pods send goes anywhere: a table for some destinations is somebody's wish for these.
    return outward ? dst.length === 0 : prefixesOverlap(dst, pods);
  });
}

function judgeRules(
  rules: readonly PolicyRule[],
  networks: readonly PodNetwork[],
  routesOf: (rule: PolicyRule) => readonly NodeRoute[],
): Finding[] {
  return rules
    .filter(
      ({ table, action }) =>
        action !== "lookup" || ![localTable, mainTable, defaultTable].includes(table),
    )
    .flatMap((rule) => {
      const ways = networks.flatMap((network) =>
        ofFamily(network.subnets, rule.family).flatMap((subnet) => {
          const pods = prefixOf(subnet);
          return [true, false].flatMap((outward) =>
            concerns(rule, outward, pods, network) && leadsAway(rule, outward, pods, routesOf(rule))
              ? [outward ? `what pods of ${subnet} send` : `what is sent to pods of ${subnet}`]
              : [],
          );
        }),
      );
      if (ways.length === 0) return [];
      const what = [...new Set(ways)].join(", and ");
      const where =
        rule.action === "lookup"
          ? `is looked up in table ${rule.table} first`
          : `is dropped (${rule.action})`;
      return [
        warn(
          id,
          `the rule "${ruleText(rule)}" comes before the node's main table: ${what} ${where}`,
          `see whether that is meant (ip rule show; ip route show table ${rule.table}): what leaves by another interface than the uplink has neither guarantee nor limit, and what does not come back to the bridge is lost`,
        ),
      ];
    });
}

export function rules(patient: Patient): Finding[] {
  const networks = podNetworksOf(patient);
  if (networks.length === 0) return [];
  return attempt(id, () => {
    using socket = new NetlinkSocket();
    const tables = new Map<string, NodeRoute[]>();
    const routesOf = ({ family, table }: PolicyRule): NodeRoute[] => {
      const key = `${family} ${table}`;
      const routes = tables.get(key) ?? nodeRoutes(socket, family, table);
      tables.set(key, routes);
      return routes;
    };
    const found = judgeRules(
      families.flatMap((family) => policyRules(socket, family)),
      networks,
      routesOf,
    );
    return found.length > 0 ? found : [ok(id, "no rule leads pods' packets past the main table")];
  });
}
