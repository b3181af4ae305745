/**
 * Anti-spoofing: what comes in by a pod's port passes only with the pod's own addresses. There is one table
 * of the bridge family, with static rules over sets. A pod is a few elements, never a rule.
 */
import { bytesOfIp, type Family, ipOfBytes } from "./ip.ts";
import { type Element, elementOf } from "./kinds/element.ts";
import { type Chain, type Ruleset, rule } from "./kinds/ruleset.ts";
import * as names from "./names.ts";
import { type Attachment, podAddresses } from "./node.ts";

/**
 * Parts of a set's key, in the form in which nft writes them. "hex48" and "hex128" are for what nft has no
 * type for.
 */
export type KeyField = "ifname" | "mac" | "ip4" | "ip6" | "hex48" | "hex128";

interface GuardSet {
  name: string;
  /**
   * The declaration as nft reads it. It uses `typeof` and not `type` where a rule reads bytes that nft 1.0.6
   * has no name for.
   */
  spec: string;
  fields: readonly KeyField[];
}

/**
 * Offsets in an ICMPv6 message (RFC 4861, 4.3 and 4.4), in bits: where the target begins, and where options
 * begin.
 */
const targetBits = 64;
const afterTargetBits = 192;
const routerOptionsBits = 64;

const linkLayerAt = (optionBits: number): string => `@th,${optionBits + 16},48`;
const target = `@th,${targetBits},128`;

export const guardSets: readonly GuardSet[] = [
  {
    name: names.ownSet4,
    spec: "type ifname . ether_addr . ipv4_addr;",
    fields: ["ifname", "mac", "ip4"],
  },
  {
    name: names.ownSet6,
    spec: "type ifname . ether_addr . ipv6_addr;",
    fields: ["ifname", "mac", "ip6"],
  },
  {
    name: names.ownMacSet,
    spec: `typeof iifname . ${linkLayerAt(afterTargetBits)};`,
    fields: ["ifname", "hex48"],
  },
  {
    name: names.ownTargetSet,
    spec: `typeof iifname . ${target};`,
    fields: ["ifname", "hex128"],
  },
  { name: names.podMacSet, spec: "type ether_addr;", fields: ["mac"] },
  { name: names.violationSet, spec: "type ifname; counter;", fields: ["ifname"] },
];

const isOther = `iifname != "${names.hostVethPattern}"`;
const ownIpv4 = `iifname . ether saddr . ip saddr @${names.ownSet4}`;
const ownIpv6 = `iifname . ether saddr . ip6 saddr @${names.ownSet6}`;
/** This matches the source MAC alone. It is read as plain bytes, because the set has no other type. */
const ownMac = `iifname . @ll,48,48 @${names.ownMacSet}`;
const ownLinkLayer = (optionBits: number): string =>
  `iifname . ${linkLayerAt(optionBits)} @${names.ownMacSet}`;
const ownTarget = `iifname . ${target} @${names.ownTargetSet}`;

/** ICMPv6 types (RFC 4861; RFC 2710 and 3810). */
const solicitRouter = 133;
const solicitNeighbour = 135;
const advertiseNeighbour = 136;
/** Only a router sends router advertisements (134) and redirects (137), and a pod is no router. */
const neighbourDiscovery = "{ 133, 134, 135, 136, 137 }";
const listenerReports = "{ 131, 132, 143 }";

/** Option types (RFC 4861, 4.6.1). Each is followed by its length, one unit of eight bytes. */
const sourceLinkLayer = "0x0101";
const targetLinkLayer = "0x0201";

/**
 * This matches one message of neighbour discovery of exactly that length, without extension headers. If it
 * had more than one option, or other options, a rule could not say where the link-layer address is.
 */
const discovery = (type: number, bytes: number): string =>
  `ether type ip6 ip6 nexthdr 58 icmpv6 type ${type} ip6 length ${bytes}`;

/**
 * The rules ask for `ether type`, which sees a VLAN tag (`meta protocol` does not). So a tagged frame fits
 * none of them.
 */
const passing: [name: string, text: string][] = [
  ["ipv4", `ether type ip ${ownIpv4}`],
  [
    "arp",
    // These fields make sure that it is ARP for Ethernet and IPv4. Otherwise the sender's addresses stand
    // elsewhere.
    `ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 iifname . ether saddr . arp saddr ip @${names.ownSet4} iifname . arp saddr ether . arp saddr ip @${names.ownSet4}`,
  ],
  ["ipv6", `ether type ip6 meta l4proto != 58 ${ownIpv6}`],
  // Only the first fragment holds the ICMPv6 type. Neighbour discovery in fragments is dropped by the
  // receiver (RFC 6980).
  ["ipv6-fragment", `ether type ip6 frag frag-off != 0 ${ownIpv6}`],
  ["icmpv6", `ether type ip6 icmpv6 type != ${neighbourDiscovery} ${ownIpv6}`],
  // Before a link-local address is settled, the pod sends from :: when it reports the address's multicast
  // groups and when it asks whether the address is free.
  ["listener", `ether type ip6 ip6 saddr :: icmpv6 type ${listenerReports} ${ownMac}`],
  [
    "detect-duplicate",
    `ether type ip6 ip6 saddr :: ip6 nexthdr 58 icmpv6 type ${solicitNeighbour} ${ownMac} ${ownTarget}`,
  ],
  ["solicit", `${discovery(solicitNeighbour, 24)} ${ownIpv6}`],
  [
    "solicit-with-mac",
    `${discovery(solicitNeighbour, 32)} @th,${afterTargetBits},16 ${sourceLinkLayer} ${ownIpv6} ${ownLinkLayer(afterTargetBits)}`,
  ],
  ["advertise", `${discovery(advertiseNeighbour, 24)} ${ownIpv6} ${ownTarget}`],
  [
    "advertise-with-mac",
    `${discovery(advertiseNeighbour, 32)} @th,${afterTargetBits},16 ${targetLinkLayer} ${ownIpv6} ${ownTarget} ${ownLinkLayer(afterTargetBits)}`,
  ],
  ["solicit-router", `${discovery(solicitRouter, 8)} ${ownIpv6}`],
  [
    "solicit-router-with-mac",
    `${discovery(solicitRouter, 16)} @th,${routerOptionsBits},16 ${sourceLinkLayer} ${ownIpv6} ${ownLinkLayer(routerOptionsBits)}`,
  ],
];

/**
 * The chains come before br_netfilter (priority 0), which would show addresses after DNAT. The bridge learns
 * a MAC only after this hook.
 */
const first = -300;

/**
 * The group addresses that a bridge keeps to itself (01:80:c2:00:00:00 to 0f, IEEE 802.1D), one bit for each.
 * Frames to them pass no prerouting, and some pass no hook at all. But the bridge learns from them, and the
 * port hands their content to the host's IP (br_handle_frame(), net/bridge/br_input.c). When they are bridged
 * like any other frame, they meet the rules. This is not possible for 01 (PAUSE): the bridge drops it.
 */
export const guardedGroups = 0xfffd;

/**
 * The chain is made only where it is asked for: computing the marks of its rules takes time, and not every
 * verb needs them.
 */
const guard = (): Chain => ({
  name: "guard",
  type: "filter",
  hook: "prerouting",
  priority: first,
  rules: [
    rule("not-a-pod", `${isOther} accept`),
    ...passing.map(([name, text]) => rule(name, `${text} accept`)),
    // The element counts these frames. The frames of a pod without an element are dropped by the next rule.
    rule("foreign-count", `iifname @${names.violationSet} drop`),
    rule("foreign", "drop"),
  ],
});

/**
 * A port is in hairpin mode because services that lead back to the pod need it. In that mode the port gives
 * the pod its own multicast and broadcast back: the pod would see its own IPv6 datagrams twice, and also its
 * own question whether an address is free. A frame that goes out by a port with the MAC of that port's own
 * pod came from that pod, since no other pod may send under that MAC. Only bridged frames pass this hook.
 */
const reflection = (): Chain => ({
  name: "reflection",
  type: "filter",
  hook: "forward",
  priority: first,
  rules: [
    rule(
      "own-multicast",
      `ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 oifname . @ll,48,48 @${names.ownMacSet} drop`,
    ),
  ],
});

/**
 * While a bridge is promiscuous, which tcpdump makes it, it hands the host a copy of each frame that it
 * switches. A frame that br_netfilter translated from a service's address to a pod's on the same bridge still
 * counts as sent to the host, since it was sent to the gateway. So the host would forward its copy and the
 * pod would get the frame twice (kubernetes#25793). By then such a frame has the pod's MAC, and no frame that
 * is really for the host has that.
 */
const promiscuous = (): Chain => ({
  name: "promiscuous",
  type: "filter",
  hook: "input",
  priority: first,
  rules: [rule("second-copy", `meta pkttype host ether daddr @${names.podMacSet} drop`)],
});

export function guardRuleset(): Ruleset {
  return {
    kind: "ruleset",
    table: names.guardTable,
    sets: guardSets.map(({ name, spec }) => ({ name, kind: "set", spec })),
    chains: [guard(), reflection(), promiscuous()],
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
