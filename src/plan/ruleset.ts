/**
 * The nftables table of a node: static rules over sets. A pod is an element, never a rule.
 */
import { digest } from "./digest.ts";
import { type Family, families } from "./ip.ts";
import { classMap, hostPortMap, masqueradeExceptSet, masqueradeSet, table } from "./names.ts";
import type { Chain, Ruleset } from "./state.ts";

/** nft's numbers for the names "mangle" and "srcnat" (nft(8), "standard priority names"). */
const mangle = -150;
const srcnat = 100;

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

/** Chains of ours that are there and not wanted any more; those of somebody else's in our table stay. */
export function surplusChains(want: Ruleset, have: Ruleset): Chain[] {
  return have.chains.filter(
    ({ name, rules }) =>
      !want.chains.some((c) => c.name === name) &&
      rules.some(({ id }) => id.startsWith(commentPrefix)),
  );
}

/**
 * postrouting, before source NAT: pod addresses are still to be seen, whatever was translated on
 * the way, and nothing rewrites the priority after this hook (ip_forward() does before it).
 */
function classify(bridge: string): Chain {
  return {
    name: "classify",
    type: "filter",
    hook: "postrouting",
    priority: mangle,
    rules: [
      ...families.map((family) =>
        rule(
          nameFor("egress", family),
          `oifname != "${bridge}" meta priority set ${protocol[family]} saddr map @${classMap[family]} accept`,
        ),
      ),
      rule("from-host", `oifname "${bridge}" fib saddr type local accept`),
      ...["dport", "sport"].map((port) =>
        rule(
          `host-${port}`,
          `oifname != "${bridge}" fib saddr type local meta l4proto { 6, 17 } meta priority set th ${port} map @${hostPortMap} accept`,
        ),
      ),
      // Pod to pod: the first statement matches where the source is a pod's, the second takes the class back.
      ...families.map((family) =>
        rule(
          nameFor("east-west", family),
          `oifname "${bridge}" meta priority set ${protocol[family]} saddr map @${classMap[family]} meta priority set none accept`,
        ),
      ),
      ...families.map((family) =>
        rule(
          nameFor("ingress", family),
          `oifname "${bridge}" meta priority set ${protocol[family]} daddr map @${classMap[family]}`,
        ),
      ),
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

export function ruleset(bridge: string, hostPolice: HostPolice | null): Ruleset {
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
      classify(bridge),
      masquerade(bridge),
      ...(hostPolice === null ? [] : [police(hostPolice)]),
    ],
  };
}
