/** Finds what other people put into or onto what is ours, because it would go with it. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { addressesOf, allLinks, linkNamed } from "../../kernel/read/links.ts";
import { TableReader } from "../../kernel/read/tables.ts";
import { setsOf } from "../../kernel/set-keys.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import { guardRuleset } from "../../plan/guard.ts";
import { isOurRule } from "../../plan/kinds/ruleset.ts";
import { ingressIfb, minorOfHostVeth } from "../../plan/names.ts";
import { ruleset } from "../../plan/ruleset.ts";

/** The chains that any configuration makes. */
function ownChains(): ReadonlySet<string> {
  const rulesets = [
    ruleset({
      place: { kind: "ifb", name: ingressIfb },
      masquerades: false,
      hostPolice: { uplink: "any", bytesPerSecond: 1, burstBytes: 1 },
    }),
    ruleset({
      place: { kind: "bridge", name: "any", owned: true },
      masquerades: true,
      hostPolice: null,
    }),
    guardRuleset(),
  ];
  return new Set(rulesets.flatMap(({ chains }) => chains.map(({ name }) => name)));
}

/**
 * Says in words which ports of a bridge are no pods' of ours, and which devices stand on it. It is empty
 * where there is no such bridge.
 */
export function othersOnBridge(name: string): string[] {
  using socket = new NetlinkSocket();
  const links = allLinks(socket);
  const bridge = links.find((link) => link.name === name);
  if (bridge === undefined) return [];
  return links.flatMap((link) => {
    if (link.masterIndex === bridge.index)
      return minorOfHostVeth(link.name) === null ? [`the port ${link.name}`] : [];
    const standsOnIt =
      link.type !== "veth" && link.peerIndex === bridge.index && link.peerNetnsId === null;
    return standsOnIt ? [`the ${link.type ?? "device"} ${link.name} on it`] : [];
  });
}

/** Says in words what somebody added to a table of ours. */
function othersInTable(table: string): string[] {
  using reader = new TableReader();
  const found = reader.ruleset(table);
  if (found === null) return [];
  const ownSets = new Set(setsOf(table).map(({ name }) => name));
  const own = ownChains();
  const chains = found.chains.filter(
    ({ name, rules }) => !own.has(name) && !rules.some(({ id }) => isOurRule(id)),
  );
  return [
    ...chains.map(({ name }) => `the chain ${name}`),
    ...found.sets
      .filter(({ name }) => !ownSets.has(name))
      .map(({ kind, name }) => `the ${kind} ${name}`),
  ];
}

/** Says in words what others have in the objects that a plan removes. */
export function othersInTheWay(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    if (step.op !== "delete") return [];
    if (step.have.kind === "bridge") {
      const { name } = step.have;
      return othersOnBridge(name).map((what) => `${what} (bridge ${name})`);
    }
    if (step.have.kind !== "ruleset") return [];
    const { table } = step.have;
    return othersInTable(table).map((what) => `${what} (table ${table})`);
  });
}

/** Each bridge has its link-local address by itself. */
const comesByItself = (cidr: string): boolean => /^fe80:/i.test(cidr);

/**
 * Says which addresses no network of the ledger gave to the bridges that a plan removes. Where the ledger
 * knows no network, nothing can be told.
 */
export function othersAddresses(view: LedgerView, steps: readonly Step[]): string[] {
  const networks = view.networks();
  if (networks.length === 0) return [];
  const gateways = new Set(networks.flatMap(({ base }) => base.gateways));
  using socket = new NetlinkSocket();
  return steps.flatMap((step) => {
    if (step.op !== "delete" || step.have.kind !== "bridge") return [];
    const { name } = step.have;
    const link = linkNamed(socket, name);
    return (link === null ? [] : addressesOf(socket, link.index))
      .filter((cidr) => !gateways.has(cidr) && !comesByItself(cidr))
      .map((cidr) => `address ${cidr} of ${name}, which no network of the ledger gave it`);
  });
}

/**
 * Whether a table has our table's name and nothing of ours in it, which means that somebody had it before us.
 */
export function isOthersTable(table: string): boolean {
  using reader = new TableReader();
  const found = reader.ruleset(table);
  if (found === null) return false;
  const ownSets = new Set(setsOf(table).map(({ name }) => name));
  const hasOurs =
    found.sets.some(({ name }) => ownSets.has(name)) ||
    found.chains.some(({ rules }) => rules.some(({ id }) => isOurRule(id)));
  return !hasOurs && found.sets.length + found.chains.length > 0;
}
