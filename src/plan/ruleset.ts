/**
 * The nftables table of a node: static rules over sets. A pod is an element, never a rule.
 */
import { digest } from "./digest.ts";
import { classMap4, hostPortMap, masqueradeExceptSet4, masqueradeSet4, table } from "./names.ts";
import type { Chain, Ruleset } from "./state.ts";

/** nft's numbers for the names "mangle" and "srcnat" (nft(8), "standard priority names"). */
const mangle = -150;
const srcnat = 100;

const commentPrefix = "fairway ";

/**
 * The comment is how a rule is known again: nft prints the same rule in other words from one version
 * to the next, but a comment stays as it is, and a rule that somebody replaced has lost it.
 */
function rule(name: string, text: string): { id: string; text: string } {
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
      rule("egress", `oifname != "${bridge}" meta priority set ip saddr map @${classMap4} accept`),
      rule("from-host", `oifname "${bridge}" fib saddr type local accept`),
      ...["dport", "sport"].map((port) =>
        rule(
          `host-${port}`,
          `oifname != "${bridge}" fib saddr type local meta l4proto { 6, 17 } meta priority set th ${port} map @${hostPortMap} accept`,
        ),
      ),
      // Pod to pod: the first statement matches where the source is a pod's, the second takes the class back.
      rule(
        "east-west",
        `oifname "${bridge}" meta priority set ip saddr map @${classMap4} meta priority set none accept`,
      ),
      rule("ingress", `oifname "${bridge}" meta priority set ip daddr map @${classMap4}`),
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
      rule("nat-except", `ip saddr . ip daddr @${masqueradeExceptSet4} return`),
      rule("nat", `ip saddr @${masqueradeSet4} masquerade`),
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
      { name: classMap4, kind: "map", spec: "type ipv4_addr : classid;" },
      { name: hostPortMap, kind: "map", spec: "type inet_service : classid;" },
      { name: masqueradeSet4, kind: "set", spec: "type ipv4_addr; flags interval;" },
      {
        name: masqueradeExceptSet4,
        kind: "set",
        spec: "type ipv4_addr . ipv4_addr; flags interval;",
      },
    ],
    chains: [
      classify(bridge),
      masquerade(bridge),
      ...(hostPolice === null ? [] : [police(hostPolice)]),
    ],
  };
}
