/** The nftables table of a node. It has static rules over sets: a pod is an element, never a rule. */
import { type Family, families } from "./ip.ts";
import { type Chain, type Ruleset, rule } from "./kinds/ruleset.ts";
import {
  classid,
  classMap,
  firstPodMinor,
  hostPortMap,
  lastPodMinor,
  masqueradeExceptSet,
  masqueradeSet,
  portSet,
  table,
} from "./names.ts";
import type { IngressPlace } from "./node.ts";
import { ingressMark } from "./redirect.ts";

/** nft's numbers for the names "mangle" and "srcnat" (nft(8), "standard priority names"). */
const mangle = -150;
const srcnat = 100;
/**
 * This is behind all of the kernel's named places (NF_IP_PRI_SELINUX_LAST is 225), but before conntrack
 * confirms.
 */
const last = 300;

/** nft's words for a family's packets and addresses. */
const protocol: Record<Family, string> = { 4: "ip", 6: "ip6" };
const addressType: Record<Family, string> = { 4: "ipv4_addr", 6: "ipv6_addr" };

/** The names of IPv4's rules have no suffix; those of IPv6 have one. */
const nameFor = (name: string, family: Family): string => (family === 4 ? name : `${name}-6`);

/** The matches, as nft writes them, for what leaves towards a pod and for what leaves any other way. */
interface Directions {
  toPod: string;
  elsewhere: string;
}

function directionsOf(place: IngressPlace): Directions {
  const name = place.kind === "bridge" ? `"${place.name}"` : `@${portSet}`;
  return { toPod: `oifname ${name}`, elsewhere: `oifname != ${name}` };
}

/**
 * The hook is postrouting, before source NAT. There the pods' addresses can still be seen, whatever was
 * translated on the way, and nothing rewrites the priority after this hook (ip_forward() does before it).
 */
function classify({ toPod, elsewhere }: Directions): Chain {
  // This matches what came in by no interface. It only looks at the packet, while a question to the routing
  // tables would be asked for every packet.
  const fromHost = "iif 0";
  // The kernel's own neighbour discovery needs a match of its own: it is made as if it had come in by the
  // interface that it goes out by (ndisc_alloc_skb()).
  const discovery = "meta l4proto 58 fib saddr type local";
  return {
    name: "classify",
    type: "filter",
    hook: "postrouting",
    priority: mangle,
    rules: [
      ...families.map((family) =>
        rule(
          nameFor("egress", family),
          `${elsewhere} meta priority set ${protocol[family]} saddr map @${classMap[family]} accept`,
        ),
      ),
      rule("from-host", `${toPod} ${fromHost} accept`),
      rule("discovery", `${toPod} ${discovery} accept`),
      ...["dport", "sport"].map((port) =>
        rule(
          `host-${port}`,
          `${elsewhere} ${fromHost} meta l4proto { 6, 17 } meta priority set th ${port} map @${hostPortMap} accept`,
        ),
      ),
      // Traffic from pod to pod: the first statement matches where the source is a pod's, and the second
      // removes the class again.
      ...families.map((family) =>
        rule(
          nameFor("east-west", family),
          `${toPod} meta priority set ${protocol[family]} saddr map @${classMap[family]} meta priority set none accept`,
        ),
      ),
      ...families.map((family) =>
        rule(
          nameFor("ingress", family),
          `${toPod} meta priority set ${protocol[family]} daddr map @${classMap[family]}`,
        ),
      ),
    ],
  };
}

const hexText = (n: number): string => `0x${n.toString(16)}`;

/**
 * What has a class gets the mark that the filter on the pod's host interface asks for. This happens after
 * source NAT, so that the mark meets nobody who reads or sets marks of their own on the way (kube-proxy
 * decides on masquerade there).
 */
function mark({ toPod }: Directions): Chain {
  const pods = `${classid(firstPodMinor)}-${classid(lastPodMinor)}`;
  return {
    name: "mark-ingress",
    type: "filter",
    hook: "postrouting",
    priority: last,
    rules: [
      rule("redirect", `${toPod} meta priority ${pods} meta mark set ${hexText(ingressMark)}`),
    ],
  };
}

function masquerade(bridge: string): Chain {
  return {
    name: "source-nat",
    type: "nat",
    hook: "postrouting",
    priority: srcnat,
    rules: [
      rule("nat-east-west", `oifname "${bridge}" return`),
      ...families.flatMap((family) => {
        const ip = protocol[family];
        return [
          rule(
            nameFor("nat-except", family),
            `${ip} saddr . ${ip} daddr @${masqueradeExceptSet[family]} return`,
          ),
          rule(nameFor("nat", family), `${ip} saddr @${masqueradeSet[family]} masquerade`),
        ];
      }),
    ],
  };
}

/** What the host itself may receive on the uplink. */
export interface HostPolice {
  uplink: string;
  /** Bytes of IP packets: nftables does not count the Ethernet header. */
  bytesPerSecond: number;
  burstBytes: number;
}

/**
 * Packets up to this size are acknowledgements and the like. Losing them costs more than letting them pass.
 */
const smallPacketBytes = 200;

/**
 * The ingress tree stands behind the routing, so it cannot hold back what the host itself receives. When
 * packets are dropped here, a sender that responds to loss slows down and leaves the wire to the pods.
 */
function police({ uplink, bytesPerSecond, burstBytes }: HostPolice): Chain {
  return {
    name: "host-ingress",
    type: "filter",
    hook: "input",
    priority: mangle,
    rules: [
      rule("host-others", `iifname != "${uplink}" accept`),
      // What comes through a tunnel belongs to the host by its outer header and to the pods by its inner one.
      // And to drop what does not respond to loss gains nobody anything.
      rule("host-not-tcp", "meta l4proto != 6 accept"),
      rule("host-small", `meta length < ${smallPacketBytes} accept`),
      rule(
        "host-police",
        `limit rate over ${bytesPerSecond} bytes/second burst ${burstBytes} bytes drop`,
      ),
    ],
  };
}

/**
 * Where another plugin made the pods' interfaces, masquerade is the task of that plugin. Where nobody
 * masquerades there is no chain for it: with any chain that translates, the kernel keeps track of all
 * connections, which is a tenth of what a packet costs.
 */
function chainsFor(place: IngressPlace, masquerades: boolean): Chain[] {
  const found = directionsOf(place);
  if (place.kind === "ifb") return [classify(found), mark(found)];
  return [classify(found), ...(place.owned && masquerades ? [masquerade(place.name)] : [])];
}

export interface RulesetNeeds {
  place: IngressPlace;
  /** Whether any network masquerades. */
  masquerades: boolean;
  /** null means that the host's ingress is not limited. */
  hostPolice: HostPolice | null;
}

export function ruleset({ place, masquerades, hostPolice }: RulesetNeeds): Ruleset {
  return {
    kind: "ruleset",
    table,
    sets: [
      ...families.map((family) => ({
        name: classMap[family],
        kind: "map" as const,
        spec: `type ${addressType[family]} : classid;`,
      })),
      { name: hostPortMap, kind: "map", spec: "type inet_service : classid;" },
      ...(place.kind === "ifb"
        ? [{ name: portSet, kind: "set" as const, spec: "type ifname;" }]
        : []),
      ...families.flatMap((family) => {
        const type = addressType[family];
        return [
          {
            name: masqueradeSet[family],
            kind: "set" as const,
            spec: `type ${type}; flags interval;`,
          },
          {
            name: masqueradeExceptSet[family],
            kind: "set" as const,
            spec: `type ${type} . ${type}; flags interval;`,
          },
        ];
      }),
    ],
    chains: [
      ...chainsFor(place, masquerades),
      ...(hostPolice === null ? [] : [police(hostPolice)]),
    ],
  };
}
