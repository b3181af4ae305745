/** The rules that keep pods to their own addresses (guard.ts). */
import { type Chain, rule } from "./kinds/ruleset.ts";
import * as names from "./names.ts";
import type { Field, Statement } from "./rules/instruction.ts";
import {
  accept,
  areBytes,
  drop,
  icmpv6Type,
  icmpv6TypeIn,
  iifname,
  isIn,
  l4proto,
  laterFragment,
  masked,
  match,
  merged,
  named,
  oifname,
  payload,
  toThisHost,
} from "./rules/statement.ts";

/** Bytes that nft has no name for are told by their place in bits. */
const rawPayload = (header: "link" | "transport", offsetBytes: number, bytes: number): Field =>
  payload(
    `@${header === "link" ? "ll" : "th"},${offsetBytes * 8},${bytes * 8}`,
    header,
    offsetBytes,
    bytes,
  );

/**
 * Offsets in an ICMPv6 message (RFC 4861, 4.3 and 4.4): where the target begins, and where options begin.
 */
const targetAt = 8;
export const afterTarget = 24;
const routerOptions = 8;

/** An option begins with its type and length. */
const optionKind = (option: number): Field => rawPayload("transport", option, 2);
export const linkLayerAt = (option: number): Field => rawPayload("transport", option + 2, 6);
export const target = rawPayload("transport", targetAt, 16);

/** Where the fields stand in a frame, in an IP header and in ARP for Ethernet and IPv4. */
const etherSource = payload("ether saddr", "link", 6, 6);
const etherDestination = payload("ether daddr", "link", 0, 6);
const etherType = payload("ether type", "link", 12, 2);
const ip4Source = payload("ip saddr", "network", 12, 4);
const ip6Source = payload("ip6 saddr", "network", 8, 16);
const arpEtherSource = payload("arp saddr ether", "network", 8, 6);
const arpIpSource = payload("arp saddr ip", "network", 14, 4);
/** This is read as plain bytes, because the set for a MAC alone has no other type. */
const rawSource = rawPayload("link", 6, 6);

const isOther = named(iifname, "!=", names.hostVethPattern);
const isIpv4 = match(etherType, "==", "ip", [0x08, 0x00]);
const isArp = match(etherType, "==", "arp", [0x08, 0x06]);
const isIpv6 = match(etherType, "==", "ip6", [0x86, 0xdd]);
const ownIpv4 = isIn([iifname, etherSource, ip4Source], names.ownSet4);
const ownIpv6 = isIn([iifname, etherSource, ip6Source], names.ownSet6);
const ownMac = isIn([iifname, rawSource], names.ownMacSet);
const ownLinkLayer = (option: number): Statement =>
  isIn([iifname, linkLayerAt(option)], names.ownMacSet);
const ownTarget = isIn([iifname, target], names.ownTargetSet);

/** ICMPv6 types (RFC 4861; RFC 2710 and 3810). */
const solicitRouter = 133;
const solicitNeighbour = 135;
const advertiseNeighbour = 136;
/** Only a router sends router advertisements (134) and redirects (137), and a pod is no router. */
const neighbourDiscovery = [133, 134, 135, 136, 137];
const listenerReports = [131, 132, 143];

/** An option's type (RFC 4861, 4.6.1), and its length of one unit of eight bytes. */
const sourceLinkLayer = { shown: "0x0101", bytes: [1, 1] };
const targetLinkLayer = { shown: "0x0201", bytes: [2, 1] };

const hasOption = (option: number, { shown, bytes }: typeof sourceLinkLayer): Statement =>
  match(optionKind(option), "==", shown, bytes);

/** include/uapi/linux/in6.h */
const icmpv6 = 58;
const nextHeader = payload("ip6 nexthdr", "network", 6, 1);
const payloadLength = payload("ip6 length", "network", 4, 2);
const isNext = match(nextHeader, "==", String(icmpv6), [icmpv6]);
const fromUnspecified = match(ip6Source, "==", "::", Array<number>(16).fill(0));

/**
 * This matches one message of neighbour discovery of exactly that length, without extension headers. If it
 * had more than one option, or other options, a rule could not say where the link-layer address is.
 */
function discovery(type: number, bytes: number): Statement {
  const isLong = match(payloadLength, "==", String(bytes), [0, bytes]);
  const isType = icmpv6Type(type);
  return merged([isNext, isType, isLong], areBytes("network", 4, [0, bytes, icmpv6]), isType.does);
}

/**
 * This is ARP for Ethernet and IPv4. In any other, the sender's addresses stand elsewhere.
 */
const isArpForIpv4 = merged(
  [
    match(payload("arp htype", "network", 0, 2), "==", "1", [0, 1]),
    match(payload("arp ptype", "network", 2, 2), "==", "ip", [8, 0]),
    match(payload("arp hlen", "network", 4, 1), "==", "6", [6]),
    match(payload("arp plen", "network", 5, 1), "==", "4", [4]),
  ],
  areBytes("network", 0, [0, 1, 8, 0]),
  areBytes("network", 4, [6, 4]),
);

/**
 * The rules ask for `ether type`, which sees a VLAN tag (`meta protocol` does not). So a tagged frame fits
 * none of them.
 */
const passing = (): [name: string, ...Statement[]][] => [
  ["ipv4", isIpv4, ownIpv4],
  [
    "arp",
    isArp,
    isArpForIpv4,
    isIn([iifname, etherSource, arpIpSource], names.ownSet4),
    isIn([iifname, arpEtherSource, arpIpSource], names.ownSet4),
  ],
  ["ipv6", isIpv6, l4proto("!=", icmpv6), ownIpv6],
  // Only the first fragment holds the ICMPv6 type. Neighbour discovery in fragments is dropped by the
  // receiver (RFC 6980).
  ["ipv6-fragment", isIpv6, laterFragment, ownIpv6],
  ["icmpv6", isIpv6, icmpv6TypeIn("!=", neighbourDiscovery), ownIpv6],
  // Before a link-local address is settled, the pod sends from :: when it reports the address's multicast
  // groups and when it asks whether the address is free.
  ["listener", isIpv6, fromUnspecified, icmpv6TypeIn("==", listenerReports), ownMac],
  [
    "detect-duplicate",
    isIpv6,
    fromUnspecified,
    isNext,
    icmpv6Type(solicitNeighbour),
    ownMac,
    ownTarget,
  ],
  ["solicit", isIpv6, discovery(solicitNeighbour, 24), ownIpv6],
  [
    "solicit-with-mac",
    isIpv6,
    discovery(solicitNeighbour, 32),
    hasOption(afterTarget, sourceLinkLayer),
    ownIpv6,
    ownLinkLayer(afterTarget),
  ],
  ["advertise", isIpv6, discovery(advertiseNeighbour, 24), ownIpv6, ownTarget],
  [
    "advertise-with-mac",
    isIpv6,
    discovery(advertiseNeighbour, 32),
    hasOption(afterTarget, targetLinkLayer),
    ownIpv6,
    ownTarget,
    ownLinkLayer(afterTarget),
  ],
  ["solicit-router", isIpv6, discovery(solicitRouter, 8), ownIpv6],
  [
    "solicit-router-with-mac",
    isIpv6,
    discovery(solicitRouter, 16),
    hasOption(routerOptions, sourceLinkLayer),
    ownIpv6,
    ownLinkLayer(routerOptions),
  ],
];

/**
 * The chains come before br_netfilter (priority 0), which would show addresses after DNAT. The bridge learns
 * a MAC only after this hook.
 */
const first = -300;

const guard = (): Chain => ({
  name: "guard",
  type: "filter",
  hook: "prerouting",
  priority: first,
  rules: [
    rule("not-a-pod", isOther, accept),
    ...passing().map(([name, ...statements]) => rule(name, ...statements, accept)),
    // The element counts these frames. The frames of a pod without an element are dropped by the next rule.
    rule("foreign-count", isIn([iifname], names.violationSet), drop),
    rule("foreign", drop),
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
      masked(etherDestination, "01:00:00:00:00:00", [1, 0, 0, 0, 0, 0]),
      isIn([oifname, rawSource], names.ownMacSet),
      drop,
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
  rules: [rule("second-copy", toThisHost, isIn([etherDestination], names.podMacSet), drop)],
});

/**
 * The chains are made only where they are asked for: computing the marks of their rules takes time, and not
 * every verb needs them.
 */
export const guardChains = (): Chain[] => [guard(), reflection(), promiscuous()];
