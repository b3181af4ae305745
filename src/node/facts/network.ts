/** Puts a validated configuration and what the node says together, to what the network asks of the base. */
import { formatCidr, formatIp, overlaps, parseCidr } from "../../config/addresses.ts";
import { formatRate } from "../../config/quantities.ts";
import type { Cidr, NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import { addressBits, leastIpv6MtuBytes } from "../../plan/ip.ts";
import { plainKind } from "../../plan/leaf-queue.ts";
import type { IngressPlace, NetworkBase } from "../../plan/node.ts";
import { hostRateBits, reserveBits } from "../../promise/capacity.ts";
import { placeText } from "./chained.ts";
import type { Uplink } from "./uplink.ts";

/** An nftables interval set refuses an element that lies in another. */
function withoutCovered(cidrs: Cidr[]): Cidr[] {
  const distinct = [...new Map(cidrs.map((c) => [formatCidr(c), c])).values()];
  return distinct.filter(
    (c) =>
      !distinct.some(
        (other) => other !== c && other.prefixLength <= c.prefixLength && overlaps(other, c),
      ),
  );
}

/** nft prints a single address without its length. */
const setKey = (cidr: Cidr): string =>
  cidr.prefixLength === addressBits[cidr.family]
    ? formatIp({ family: cidr.family, value: cidr.base })
    : formatCidr(cidr);

/**
 * Throws badConfig. The configuration's own MTU was judged with it (config/rules.ts), but the uplink's is known
 * only here.
 */
function refuseSmallMtu(mtuBytes: number, subnets: readonly Cidr[]): void {
  const subnet = subnets.find(({ family }) => family === 6);
  if (subnet === undefined || mtuBytes >= leastIpv6MtuBytes) return;
  throw new FairwayError(
    "badConfig",
    `the uplink's MTU ${mtuBytes} is below ${leastIpv6MtuBytes}, which IPv6 needs, and pods get addresses of ${formatCidr(subnet)}`,
    `give the uplink an MTU of ${leastIpv6MtuBytes} or more, or no IPv6 range set`,
  );
}

const ranges = (config: NetworkConfig) => config.ipam.sets.flat();

/** `given` are the networks that addresses are given from. */
export function subnetsAndMasquerade(
  config: NetworkConfig,
  given: readonly string[],
): Pick<NetworkBase, "subnets" | "masquerade"> {
  const subnets = withoutCovered(given.map((text) => parseCidr(text, "subnet")));
  return {
    subnets: subnets.map(formatCidr),
    masquerade: config.ipMasq
      ? { subnets: subnets.map(setKey), except: withoutCovered(config.ipMasqExcept).map(setKey) }
      : null,
  };
}

export function networkBase(
  config: NetworkConfig,
  uplink: Uplink,
  ingress: IngressPlace,
): NetworkBase {
  const gateways = ranges(config).map((r) => `${formatIp(r.gateway)}/${r.subnet.prefixLength}`);
  const { egressCapacityBits, ingressCapacityBits } = uplink;
  const mtuBytes = config.mtuBytes ?? uplink.mtuBytes;
  refuseSmallMtu(
    mtuBytes,
    ranges(config).map((r) => r.subnet),
  );
  return {
    network: config.name,
    ingress,
    mtuBytes,
    ...subnetsAndMasquerade(
      config,
      ranges(config).map((r) => formatCidr(r.subnet)),
    ),
    gateways: [...new Set(gateways)],
    antiSpoof: config.antiSpoof,
    trees: {
      uplink: uplink.name,
      egressCapacityBits,
      ingressCapacityBits,
      overcommit: config.overcommit,
      egressReserveBits: reserveBits(config.uplink.reserve, egressCapacityBits),
      ingressReserveBits: reserveBits(config.uplink.reserve, ingressCapacityBits),
      wireBits: uplink.wireBits,
      hostGsoMaxBytes: config.uplink.gsoMaxBytes ?? uplink.gsoMaxBytes,
      policesHost: config.uplink.policesHost,
      // This is so until somebody has looked what the kernel offers (leaf-queues.ts).
      leafKind: plainKind,
      hostClasses: config.hostClasses,
      setsHostGso: config.uplink.gsoMaxBytes !== null,
    },
  };
}

/** The rate of the host's own class on the egress tree. */
export function hostBits({ trees }: NetworkBase): number {
  return hostRateBits(trees.egressCapacityBits, trees.egressReserveBits);
}

/** This stands for a key that the version that wrote the record did not know. */
const unsaid = "not said";

/** What the configuration says of the base, by its keys and in its words, without what was found on the node. */
function settingsOf({ ingress, antiSpoof, trees }: NetworkBase): Record<string, string> {
  return {
    bridge: placeText(ingress),
    // One pod that is not kept to its own addresses could speak for all others of the bridge.
    antiSpoof: antiSpoof === undefined ? unsaid : String(antiSpoof),
    "uplink.name": trees.uplink,
    "uplink.egressCapacity": formatRate(trees.egressCapacityBits),
    "uplink.ingressCapacity": formatRate(trees.ingressCapacityBits),
    "uplink.reserve": `${formatRate(trees.egressReserveBits)} on egress, ${formatRate(trees.ingressReserveBits)} on ingress`,
    "uplink.policeHost": String(trees.policesHost),
    "uplink.gsoMaxSize": trees.setsHostGso ? String(trees.hostGsoMaxBytes) : "not set",
    overcommit: trees.overcommit,
    hostClasses: JSON.stringify(trees.hostClasses),
    "the queue below a leaf": trees.leafKind,
  };
}

/**
 * A network whose record does not know the key yet follows those whose records do, because their pods share a
 * bridge.
 */
export function guardedAlike(networks: NetworkBase[]): NetworkBase[] {
  const said = networks.find(({ antiSpoof }) => antiSpoof !== undefined)?.antiSpoof;
  return said === undefined
    ? networks
    : networks.map((base) => ({ ...base, antiSpoof: base.antiSpoof ?? said }));
}

/**
 * Networks of a node share the place of their trees, and must not share addresses. Throws badConfig where two
 * do not go together.
 */
export function mustAgree(base: NetworkBase, other: NetworkBase): void {
  const held = settingsOf(other);
  const differing = Object.entries(settingsOf(base)).filter(
    ([key, asked]) => asked !== held[key] && held[key] !== unsaid,
  );
  if (differing.length > 0)
    throw new FairwayError(
      "badConfig",
      `networks of one node share a bridge and an uplink, and two of them differ: ${differing
        .map(
          ([key, asked]) =>
            `${key} is ${asked} in ${base.network} and ${held[key]} in ${other.network}`,
        )
        .join("; ")}`,
      `give both conflists the same settings; what ${other.network} says counts while it has pods here`,
    );
  const parse = (text: string): Cidr => parseCidr(text, "subnet");
  for (const mine of base.subnets)
    for (const theirs of other.subnets)
      if (overlaps(parse(mine), parse(theirs)))
        throw new FairwayError(
          "badConfig",
          `subnet ${mine} of network ${base.network} overlaps ${theirs} of network ${other.network} on this node`,
          "give each network of a node subnets of its own",
        );
}
