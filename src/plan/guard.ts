/**
 * Anti-spoofing: what comes in by a pod's port passes only with the pod's own addresses. There is one table
 * of the bridge family, with static rules over sets. A pod is a few elements, never a rule.
 */
import { afterTarget, guardChains, linkLayerAt, target } from "./guard-rules.ts";
import { bytesOfIp, type Family, ipOfBytes } from "./ip.ts";
import { type Element, elementOf } from "./kinds/element.ts";
import { type Ruleset, setOf } from "./kinds/ruleset.ts";
import * as names from "./names.ts";
import { type Attachment, podAddresses } from "./node.ts";
import type { SetType } from "./rules/set-type.ts";
import { iifname } from "./rules/statement.ts";

/**
 * Parts of a set's key, in the form in which nft writes them. "hex48" and "hex128" are for what nft has no
 * type for.
 */
export type KeyField = "ifname" | "mac" | "ip4" | "ip6" | "hex48" | "hex128";

interface GuardSet {
  name: string;
  type: SetType;
  fields: readonly KeyField[];
}

export const guardSets: readonly GuardSet[] = [
  {
    name: names.ownSet4,
    type: { key: ["ifname", "ether_addr", "ipv4_addr"] },
    fields: ["ifname", "mac", "ip4"],
  },
  {
    name: names.ownSet6,
    type: { key: ["ifname", "ether_addr", "ipv6_addr"] },
    fields: ["ifname", "mac", "ip6"],
  },
  // Rules read bytes here that nft 1.0.6 has no name for, so it knows no type for them.
  {
    name: names.ownMacSet,
    type: { key: [iifname, linkLayerAt(afterTarget)] },
    fields: ["ifname", "hex48"],
  },
  {
    name: names.ownTargetSet,
    type: { key: [iifname, target] },
    fields: ["ifname", "hex128"],
  },
  { name: names.podMacSet, type: { key: ["ether_addr"] }, fields: ["mac"] },
  { name: names.violationSet, type: { key: ["ifname"], counts: true }, fields: ["ifname"] },
];

/**
 * The group addresses that a bridge keeps to itself (01:80:c2:00:00:00 to 0f, IEEE 802.1D), one bit for each.
 * Frames to them pass no prerouting, and some pass no hook at all. But the bridge learns from them, and the
 * port hands their content to the host's IP (br_handle_frame(), net/bridge/br_input.c). When they are bridged
 * like any other frame, they meet the rules. This is not possible for 01 (PAUSE): the bridge drops it.
 */
export const guardedGroups = 0xfffd;

export function guardRuleset(): Ruleset {
  return {
    kind: "ruleset",
    table: names.guardTable,
    sets: guardSets.map(({ name, type }) => setOf(name, type)),
    chains: guardChains(),
  };
}

const macBytes = (mac: string): number[] => mac.split(":").map((byte) => Number.parseInt(byte, 16));

/**
 * The link-local address that the kernel derives from the MAC (RFC 4291, appendix A), unless it was told
 * otherwise.
 */
export function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, ...rest] = macBytes(mac);
  return ipOfBytes(
    Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, ...rest]),
  );
}

function hex(bytes: ArrayLike<number>): string {
  let text = "0x";
  for (let at = 0; at < bytes.length; at++) text += (bytes[at] ?? 0).toString(16).padStart(2, "0");
  return text;
}

/** The addresses that this pod may send with, and a counter for everything that it sends otherwise. */
export function guardElements(pod: Attachment): Element[] {
  const { hostVeth, podMac } = pod;
  const mac = podMac.toLowerCase();
  const addressesOf = (wanted: Family): string[] =>
    podAddresses(pod).flatMap(({ family, address }) => (family === wanted ? [address] : []));
  const addresses4 = addressesOf(4);
  const addresses6 = [linkLocal(mac), ...addressesOf(6)];
  const element = (set: string, ...key: string[]): Element =>
    elementOf(set, [hostVeth, ...key].join(" . "));
  return [
    elementOf(names.podMacSet, mac),
    ...addresses4.map((address) => element(names.ownSet4, mac, address)),
    ...addresses6.map((address) => element(names.ownSet6, mac, address)),
    element(names.ownMacSet, hex(macBytes(mac))),
    ...addresses6.map((address) => element(names.ownTargetSet, hex(bytesOfIp(address)))),
    element(names.violationSet),
  ];
}
