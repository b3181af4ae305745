/**
 * The nftables table of a node: static rules over sets. A pod is an element, never a rule.
 */
import { digest } from "./digest.ts";
import { type Family, families } from "./ip.ts";
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
import type { Chain, Ruleset } from "./state.ts";

/** nft's numbers for the names "mangle" and "srcnat" (nft(8), "standard priority names"). */
const mangle = -150;
const srcnat = 100;
/** Behind all of the kernel's named places (NF_IP_PRI_SELINUX_LAST is 225), but before conntrack confirms. */
const last = 300;

/** nft's words for a family's packets and addresses. */
const protocol: Record<Family, string> = { 4: "ip", 6: "ip6" };
const addressType: Record<Family, string> = { 4: "ipv4_addr", 6: "ipv6_addr" };

/** IPv4's rules keep the names that they had alone. */
const nameFor = (name: string, family: Family): string => (family === 4 ? name : `${name}-6`);

const commentPrefix = "fairway ";

/**
 * The comment is how a rule is known again: nft prints the same rule in other words from one version
 * to the next, but a comment stays as it is, and a rule that somebody replaced has lost it.
 */
export function rule(name: string, text: string): { id: string; text: string } {
  return { id: `${commentPrefix}${name} ${digest(text)}`, text };
}

/** By its comment. */
export const isOurRule = (id: string): boolean => id.startsWith(commentPrefix);

/** Chains of ours that are there and not wanted any more; those of somebody else's in our table stay. */
export function surplusChains(want: Ruleset, have: Ruleset): Chain[] {
  return have.chains.filter(
    ({ name, rules }) =>
      !want.chains.some((c) => c.name === name) && rules.some(({ id }) => isOurRule(id)),
  );
}

/** What leaves towards a pod, and what leaves any other way, as nft matches it. */
interface Directions {
  toPod: string;
  elsewhere: string;
}

function directionsOf(place: IngressPlace): Directions {
  const name = place.kind === "bridge" ? `"${place.name}"` : `@${portSet}`;
  return { toPod: `oifname ${name}`, elsewhere: `oifname != ${name}` };
}

/**
 * postrouting, before source NAT: pod addresses are still to be seen, whatever was translated on
 * the way, and nothing rewrites the priority after this hook (ip_forward() does before it).
 */
function classify({ toPod, elsewhere }: Directions): Chain {
  // Came in by no interface: a look at the packet, where the routing tables would be asked for each.
  const fromHost = "iif 0";
  // But the kernel's own neighbour discovery is made as if it had come in by where it goes (ndisc_alloc_skb()).
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
      // Pod to pod: the first statement matches where the source is a pod's, the second takes the class back.
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
 * What has a class gets the mark that the filter on the pod's host interface asks for. After source
 * NAT, so that nobody who reads or sets marks of their own on the way meets it (kube-proxy decides on
 * masquerade there).
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

/** What the host itself may receive by the uplink. */
export interface HostPolice {
  uplink: string;
  /** Of IP packets: nftables does not count the Ethernet header. */
  bytesPerSecond: number;
  burstBytes: number;
}

/** Acknowledgements and the like: losing them costs more than letting them pass. */
const smallPacketBytes = 200;

/**
 * The ingress tree stands behind the routing, so it cannot hold back what the host itself receives;
 * dropped here, a sender that responds to loss slows down and leaves the wire to the pods.
 */
function police({ uplink, bytesPerSecond, burstBytes }: HostPolice): Chain {
  return {
    name: "host-ingress",
    type: "filter",
    hook: "input",
    priority: mangle,
    rules: [
      rule("host-others", `iifname != "${uplink}" accept`),
      // What comes through a tunnel is the host's by its outer header and the pods' by its inner one;
      // and what does not respond to loss gains nobody anything by being dropped here.
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
 * Where another plugin made the pods' interfaces, masquerade is that one's. Where nobody masquerades
 * there is no chain for it: any that translates has the kernel keep track of all connections, a tenth of
 * what a packet costs.
 */
function chainsFor(place: IngressPlace, masquerades: boolean): Chain[] {
  const found = directionsOf(place);
  if (place.kind === "ifb") return [classify(found), mark(found)];
  return [classify(found), ...(place.owned && masquerades ? [masquerade(place.name)] : [])];
}

export interface RulesetNeeds {
  place: IngressPlace;
  /** Whether any network does. */
  masquerades: boolean;
  /** null: the host receives what it likes. */
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
