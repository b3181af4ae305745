/** The links that are ours, with their settings, addresses and routes. */
import { guardedGroups, linkLocal } from "./guard.ts";
import type { Ipv6Setting } from "./kinds/ipv6setting.ts";
import type { Netns } from "./kinds/kind.ts";
import * as names from "./names.ts";
import { type Attachment, familiesOf, type NetworkBase, podAddresses } from "./node.ts";
import { gatewayRoutes, routeObject, subnetRoutes } from "./routes.ts";
import { acceptRaForwarding, type KernelObject } from "./state.ts";

const sysctls: [string, string][] = [
  ["net/ipv4/ip_forward", "1"],
  // A service that leads back to a pod on the same bridge is translated on the way in. The answer passes only
  // the bridge, and it is translated back only if bridged packets meet iptables.
  ["net/bridge/bridge-nf-call-iptables", "1"],
  ["net/bridge/bridge-nf-call-ip6tables", "1"],
];
const ipv6Sysctls: [string, string][] = [["net/ipv6/conf/all/forwarding", "1"]];

/**
 * IPv4 asks the interface that a packet came in by (ip_route_input_slow, net/ipv4/route.c). IPv6 asks only
 * "all".
 */
const forwardingOf = (dev: string): [string, string] => [`net/ipv4/conf/${dev}/forwarding`, "1"];

/**
 * Only the node's gateway may act as a router for the pods' network. If an advertisement from a pod were
 * accepted, it would lead everybody's IPv6 through that pod (CVE-2020-10749), even where pods have only IPv4.
 * The ledger keeps addresses apart, so nothing waits a second to find out whether they are in use.
 */
function ipv6Settings(netns: Netns, dev: string, hasIpv6: boolean): Ipv6Setting[] {
  const names = [
    "accept_ra",
    ...(hasIpv6 ? (["accept_dad", "disable_ipv6"] as const) : []),
  ] as const;
  return names.map((name) => ({ kind: "ipv6setting", netns, dev, name, value: "0" }));
}

/**
 * A node that forwards accepts router advertisements only where it is told to. This setting lets the uplink
 * go on as before.
 */
const keptAdvertisements = (uplink: string): Ipv6Setting => ({
  kind: "ipv6setting",
  netns: null,
  dev: uplink,
  name: "accept_ra",
  value: acceptRaForwarding,
});

/** The bridge with its gateways, and what the node needs to route for it. */
export function ownBridge(networks: NetworkBase[], name: string, mtuBytes: number): KernelObject[] {
  const hasIpv6 = networks.some((n) => familiesOf(n).includes(6));
  const uplinks = new Set(networks.map(({ trees }) => trees.uplink));
  const gateways = networks.flatMap((n) => n.gateways);
  const address = (cidr: string): KernelObject => ({
    kind: "address",
    netns: null,
    dev: name,
    cidr,
  });
  return [
    {
      kind: "bridge",
      name,
      mac: names.bridgeMac(name),
      mtuBytes,
      up: true,
      ...(hasIpv6 && { withoutDad: true as const }),
      unusual: "",
    },
    ...ipv6Settings(null, name, hasIpv6),
    ...(hasIpv6 ? [...uplinks].map(keptAdvertisements) : []),
    ...[...sysctls, ...[name, ...uplinks].map(forwardingOf), ...(hasIpv6 ? ipv6Sysctls : [])].map(
      ([path, value]): KernelObject => ({ kind: "sysctl", path, value }),
    ),
    ...gateways.map(address),
    // When the node asks for a pod's MAC on behalf of others, it asks from this address (ndisc_send_ns,
    // net/ipv6/ndisc.c).
    ...(hasIpv6 ? [address(`${linkLocal(names.bridgeMac(name))}/64`)] : []),
    ...gatewayRoutes(name, gateways),
  ];
}

/** The pair, its addresses and its routes, for a pod whose interface is ours. */
export function ownInterface(
  pod: Attachment,
  base: NetworkBase,
  gsoMaxBytes: number,
): KernelObject[] {
  const { netns, ifname, hostVeth, classMinor, mtuBytes } = pod;
  const addresses = podAddresses(pod);
  const hasIpv6 = addresses.some(({ family }) => family === 6);
  return [
    { kind: "veth", name: hostVeth, netns, ifname },
    {
      kind: "port",
      name: hostVeth,
      mac: names.hostMac(classMinor),
      mtuBytes,
      bridge: base.ingress.name,
      hairpin: true,
      groupForwardMask: base.antiSpoof === true ? guardedGroups : 0,
      up: true,
      unusual: "",
    },
    {
      kind: "podlink",
      netns,
      name: ifname,
      mac: pod.podMac,
      mtuBytes,
      gsoMaxBytes,
      up: true,
      unusual: "",
    },
    ...ipv6Settings(netns, ifname, hasIpv6),
    ...addresses.map(({ cidr }): KernelObject => ({ kind: "address", netns, dev: ifname, cidr })),
    ...subnetRoutes(
      netns,
      ifname,
      addresses.map(({ cidr }) => cidr),
    ),
    ...pod.routes.map((route) => routeObject(netns, ifname, route)),
    { kind: "announcement", netns, dev: ifname, mac: pod.podMac, port: hostVeth, hasIpv6 },
  ];
}
