/** The nftables table of a node. It has static rules over sets: a pod is an element, never a rule. */
import { type Family, families } from "./ip.ts";
import { type Chain, type Ruleset, rule, setOf } from "./kinds/ruleset.ts";
import {
  classid,
  classMap,
  classNumber,
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
import type { Field, Statement } from "./rules/instruction.ts";
import type { TypeName } from "./rules/set-type.ts";
import {
  accept,
  clearPriority,
  drop,
  fromNowhere,
  goBack,
  iifname,
  isFamily,
  isIn,
  l4proto,
  l4protoIn,
  limitOver,
  masquerade,
  named,
  oifname,
  payload,
  priorityWithin,
  setMark,
  setPriority,
  shorterThan,
  sourceIsLocal,
} from "./rules/statement.ts";

/** nft's numbers for the names "mangle" and "srcnat" (nft(8), "standard priority names"). */
const mangle = -150;
const srcnat = 100;
/**
 * This is behind all of the kernel's named places (NF_IP_PRI_SELINUX_LAST is 225), but before conntrack
 * confirms.
 */
const last = 300;

const addressType: Record<Family, TypeName> = { 4: "ipv4_addr", 6: "ipv6_addr" };

/** Where the addresses stand in the IP headers. */
const source: Record<Family, Field> = {
  4: payload("ip saddr", "network", 12, 4),
  6: payload("ip6 saddr", "network", 8, 16),
};
const destination: Record<Family, Field> = {
  4: payload("ip daddr", "network", 16, 4),
  6: payload("ip6 daddr", "network", 24, 16),
};
/** TCP and UDP have them in the same place. */
const ports = [
  { name: "host-dport", port: payload("th dport", "transport", 2, 2) },
  { name: "host-sport", port: payload("th sport", "transport", 0, 2) },
];

/** include/uapi/linux/in.h */
const [tcp, udp, icmpv6] = [6, 17, 58];

/** The names of IPv4's rules have no suffix; those of IPv6 have one. */
const nameFor = (name: string, family: Family): string => (family === 4 ? name : `${name}-6`);

/** The matches for what leaves towards a pod and for what leaves any other way. */
interface Directions {
  toPod: Statement;
  elsewhere: Statement;
}

function directionsOf(place: IngressPlace): Directions {
  if (place.kind === "bridge")
    return {
      toPod: named(oifname, "==", place.name),
      elsewhere: named(oifname, "!=", place.name),
    };
  return {
    toPod: isIn([oifname], portSet),
    elsewhere: isIn([oifname], portSet, { isNegated: true }),
  };
}

/** Gives a packet of this family the class of the pod that has this address. */
const setClass = (address: Record<Family, Field>, family: Family): Statement =>
  setPriority(address[family], classMap[family], isFamily[family]);

/**
 * The hook is postrouting, before source NAT. There the pods' addresses can still be seen, whatever was
 * translated on the way, and nothing rewrites the priority after this hook (ip_forward() does before it).
 */
function classify({ toPod, elsewhere }: Directions): Chain {
  return {
    name: "classify",
    type: "filter",
    hook: "postrouting",
    priority: mangle,
    rules: [
      ...families.map((family) =>
        rule(nameFor("egress", family), elsewhere, setClass(source, family), accept),
      ),
      // It only looks at the packet, while a question to the routing tables would be asked for every packet.
      rule("from-host", toPod, fromNowhere, accept),
      // The kernel's own neighbour discovery needs a match of its own: it is made as if it had come in by the
      // interface that it goes out by (ndisc_alloc_skb()).
      rule("discovery", toPod, l4proto("==", icmpv6), sourceIsLocal, accept),
      ...ports.map(({ name, port }) =>
        rule(
          name,
          elsewhere,
          fromNowhere,
          l4protoIn([tcp, udp]),
          setPriority(port, hostPortMap),
          accept,
        ),
      ),
      // Traffic from pod to pod: the first statement matches where the source is a pod's, and the second
      // removes the class again.
      ...families.map((family) =>
        rule(nameFor("east-west", family), toPod, setClass(source, family), clearPriority, accept),
      ),
      ...families.map((family) =>
        rule(nameFor("ingress", family), toPod, setClass(destination, family)),
      ),
    ],
  };
}

/**
 * What has a class gets the mark that the filter on the pod's host interface asks for. This happens after
 * source NAT, so that the mark meets nobody who reads or sets marks of their own on the way (kube-proxy
 * decides on masquerade there).
 */
function mark({ toPod }: Directions): Chain {
  return {
    name: "mark-ingress",
    type: "filter",
    hook: "postrouting",
    priority: last,
    rules: [
      rule(
        "redirect",
        toPod,
        priorityWithin(
          [classid(firstPodMinor), classid(lastPodMinor)],
          [classNumber(firstPodMinor), classNumber(lastPodMinor)],
        ),
        setMark(ingressMark),
      ),
    ],
  };
}

function sourceNat(bridge: string): Chain {
  return {
    name: "source-nat",
    type: "nat",
    hook: "postrouting",
    priority: srcnat,
    rules: [
      rule("nat-east-west", named(oifname, "==", bridge), goBack),
      ...families.flatMap((family) => {
        const first = isFamily[family];
        const ends = [source[family], destination[family]];
        return [
          rule(
            nameFor("nat-except", family),
            isIn(ends, masqueradeExceptSet[family], { first }),
            goBack,
          ),
          rule(
            nameFor("nat", family),
            isIn([source[family]], masqueradeSet[family], { first }),
            masquerade,
          ),
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
      rule("host-others", named(iifname, "!=", uplink), accept),
      // What comes through a tunnel belongs to the host by its outer header and to the pods by its inner one.
      // And to drop what does not respond to loss gains nobody anything.
      rule("host-not-tcp", l4proto("!=", tcp), accept),
      rule("host-small", shorterThan(smallPacketBytes), accept),
      rule("host-police", limitOver(bytesPerSecond, burstBytes), drop),
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
  return [classify(found), ...(place.owned && masquerades ? [sourceNat(place.name)] : [])];
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
      ...families.map((family) =>
        setOf(classMap[family], { key: [addressType[family]], leadsToClass: true }),
      ),
      setOf(hostPortMap, { key: ["inet_service"], leadsToClass: true }),
      ...(place.kind === "ifb" ? [setOf(portSet, { key: ["ifname"] })] : []),
      ...families.flatMap((family) => {
        const type = addressType[family];
        return [
          setOf(masqueradeSet[family], { key: [type], isInterval: true }),
          setOf(masqueradeExceptSet[family], { key: [type, type], isInterval: true }),
        ];
      }),
    ],
    chains: [
      ...chainsFor(place, masquerades),
      ...(hostPolice === null ? [] : [police(hostPolice)]),
    ],
  };
}
