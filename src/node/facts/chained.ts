/** The interface that another plugin made for a pod, as the kernel has it. */
import { parseInterfaceName } from "../../config/paths.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { inNetns, inNetnsIfThere } from "../../kernel/netns.ts";
import { type Link, linkNamed, linkNumbered } from "../../kernel/read/links.ts";
import { qdiscAt } from "../../kernel/read/tc.ts";
import type { LedgerView } from "../../ledger/ledger.ts";

import { ownIpv4Bytes } from "../../plan/kinds/hostlink.ts";
import { clsactParent, ingressIfb } from "../../plan/names.ts";
import {
  type Attachment,
  type ChainedLink,
  type IngressPlace,
  isChained,
  type Lease,
} from "../../plan/node.ts";
import { refuseShaper, shaperOn } from "./shaper.ts";

/** A pod's interface that another plugin made. */
export interface ChainedPort {
  hostIfname: string;
  podMac: string;
  /** The link as it is before Fairway changes it. */
  link: ChainedLink;
  /** Where the ingress tree of such pods stands. */
  ingress: IngressPlace;
  leases: Lease[];
}

const routed: IngressPlace = { kind: "ifb", name: ingressIfb };

function linkHere(name: string): Link | null {
  using socket = new NetlinkSocket();
  return linkNamed(socket, name);
}

/** The node's end of the pair whose other end is `pod`; null means that it has none here. */
function peerOf(pod: Link, socket: NetlinkSocket): Link | null {
  if (pod.type !== "veth" || pod.peerIndex === null) return null;
  const peer = linkNumbered(socket, pod.peerIndex);
  return peer?.type === "veth" && peer.peerIndex === pod.index ? peer : null;
}

const masterOf = ({ masterIndex }: Link, socket: NetlinkSocket): Link | null =>
  masterIndex === null ? null : linkNumbered(socket, masterIndex);

const refused = (msg: string, todo: string): FairwayError =>
  new FairwayError("badConfig", msg, todo);

function placeOf(host: Link, socket: NetlinkSocket): IngressPlace {
  const master = masterOf(host, socket);
  if (master === null || master.type === "vrf") return routed;
  if (master.type === "bridge") return { kind: "bridge", name: master.name, owned: false };
  throw refused(
    `the pod's host interface ${host.name} hangs on ${master.name}, a ${master.type ?? "device without a kind"}`,
    "fairway can be chained after plugins that bridge (a Linux bridge) or route to a veth pair",
  );
}

/**
 * Only a clsact takes our filter. An `ingress` qdisc in its place is reported when the clsact is to be put
 * in.
 */
function hasClsact({ index }: Link, socket: NetlinkSocket): boolean {
  return qdiscAt(socket, index, clsactParent)?.kind === "clsact";
}

function linkBefore(
  { gsoMaxBytes, gsoIpv4MaxBytes }: Link,
  host: Link,
  ingress: IngressPlace,
  socket: NetlinkSocket,
): ChainedLink {
  const { gsoIpv4MaxBytes: ipv4 } = ownIpv4Bytes(gsoMaxBytes, gsoIpv4MaxBytes);
  return {
    formerGsoMaxBytes: gsoMaxBytes,
    ...(ipv4 !== undefined && { formerGsoIpv4MaxBytes: ipv4 }),
    txQueueLength: host.txQueueLength,
    ...(ingress.kind === "ifb" && hasClsact(host, socket) && { hadClsact: true }),
  };
}

/**
 * Compares what the chain says, `hostNames`, with the kernel. Throws badConfig where the pod has no such
 * interface, where it is no veth pair with its other end on this node, and where the chain names host
 * interfaces and none of them is that end. Throws foreignQdisc where another plugin limits the pod.
 */
export function findChainedPort(
  { netns, ifname }: { netns: string; ifname: string },
  hostNames: readonly string[],
): Omit<ChainedPort, "leases"> {
  const pod = inNetns(netns, () => linkHere(ifname));
  if (pod === null)
    throw refused(
      `prevResult: there is no interface ${ifname} in ${netns}`,
      "the plugin before fairway has to make the interface that CNI_IFNAME names",
    );
  using socket = new NetlinkSocket();
  const host = peerOf(pod, socket);
  if (host === null)
    throw refused(
      `prevResult: no host interface: ${ifname} in ${netns} is a ${pod.type ?? "device without a kind"}, and no veth of this node is its other end`,
      "fairway can be chained after plugins that give a pod a veth pair: bridge, ptp, flannel, calico; not after macvlan, ipvlan or host-device",
    );
  if (hostNames.length > 0 && !hostNames.includes(host.name))
    throw refused(
      `prevResult names ${hostNames.join(", ")} on the host, and the other end of ${ifname} in ${netns} is ${host.name}`,
      "the plugins before fairway disagree with the kernel: DEL the pod and ADD it again",
    );
  parseInterfaceName(host.name, "the pod's host interface");
  const ingress = placeOf(host, socket);
  refuseShaper(host, socket);
  return {
    hostIfname: host.name,
    podMac: pod.mac,
    link: linkBefore(pod, host, ingress, socket),
    ingress,
  };
}

/**
 * Says in words what is not as it was at the ADD, and what others put beside it; null means that there is
 * neither.
 */
export function chainedPortDrift(attachment: Attachment, ingress: IngressPlace): string | null {
  const { netns, ifname, hostVeth } = attachment;
  const pod = inNetnsIfThere(netns, () => linkHere(ifname));
  if (pod === null) return `pod interface ${ifname} is missing`;
  using socket = new NetlinkSocket();
  const host = peerOf(pod, socket);
  if (host === null) return `host interface ${hostVeth} is not the other end of ${ifname}`;
  if (host.name !== hostVeth)
    return `the other end of ${ifname} is ${host.name}, should be ${hostVeth}`;
  const master = masterOf(host, socket);
  const bridge = ingress.kind === "bridge" ? ingress.name : null;
  if (bridge !== null && master?.name !== bridge)
    return `host interface ${hostVeth} is on ${master?.name ?? "no bridge"}, should be on ${bridge}`;
  if (bridge === null && master?.type === "bridge")
    return `host interface ${hostVeth} is on ${master.name}, should be on no bridge`;
  const shaper = shaperOn(host, socket);
  return shaper === null ? null : `another plugin limits the pod: ${shaper}`;
}

/** Whether there is still an interface to keep a promise on. */
export function hasHostInterface({ chained = null, hostVeth }: Attachment): boolean {
  return chained === null || hasInterface(hostVeth);
}

export function hasInterface(name: string): boolean {
  return linkHere(name) !== null;
}

/**
 * Where the ingress tree stands for a configuration that comes without a pod. Only an ADD tells which way a
 * chain leads, so what was recorded counts, of this network or else of another chain. Without a record it is
 * the IFB, which touches nobody's device.
 */
export function placeFor(view: LedgerView, config: NetworkConfig): IngressPlace {
  if (!config.chained) return { kind: "bridge", name: config.bridge, owned: true };
  const known = view.networks().filter(({ base }) => isChained(base));
  const own = known.find(({ name }) => name === config.name);
  return (own ?? known.find(({ isOfThisBoot }) => isOfThisBoot))?.base.ingress ?? routed;
}

/**
 * Throws badConfig where the network's other pods are chained another way, because all pods of a network are
 * chained the same way.
 */
export function refuseOtherWay(view: LedgerView, network: string, ingress: IngressPlace): void {
  const recorded = view.network(network);
  if (recorded === null || !view.attachments.any(network)) return;
  const was = recorded.base.ingress;
  if (placeText(was) === placeText(ingress)) return;
  throw new FairwayError(
    "badConfig",
    `network ${network}: the bridge of this pod is ${placeText(ingress)}, that of the network's pods here is ${placeText(was)}`,
    "the chain was changed while its pods live: drain the node first",
  );
}

/** The place in words, for messages. A bridge of ours is called by its name, as in the configuration. */
export function placeText(place: IngressPlace): string {
  if (place.kind === "ifb") return `none: the IFB ${place.name} (chained, routed)`;
  return place.owned ? place.name : `another plugin's ${place.name} (chained)`;
}
