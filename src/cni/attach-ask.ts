/** Works out what a request asks of the node. */
import { addressAskOf, asksNothing } from "../config/address-ask.ts";
import { refuseAddressAsk } from "../config/chained.ts";
import type { NetworkConfig } from "../config/types.ts";
import type { Granted } from "../node/addresses/granted.ts";
import type { ChainedPort } from "../node/facts/chained.ts";
import { networkBase } from "../node/facts/network.ts";
import { type PodClaims, type UseLedger, withPodClaims } from "../node/facts/pod-claims.ts";
import { findUplink } from "../node/facts/uplink.ts";
import type { AttachAsk } from "../node/verbs/propose.ts";
import { promiseForNew } from "../promise/ask.ts";
import { claimedRates, requireUplink } from "../promise/claims.ts";
import { holderName } from "../promise/held.ts";
import { span } from "../trace.ts";
import type { PodRequest, RawConfig } from "./request.ts";

/**
 * The configuration as the ledger keeps it: what belongs to the network, and not to one pod. The runtime's
 * ranges are the network's too, and nobody else tells them later.
 */
export function networkPart(raw: RawConfig, { ipam: own, runtime }: NetworkConfig): string {
  const ipRanges = own.delegate === null ? runtime.ipRanges : [];
  const { runtimeConfig: _, prevResult: __, args: ___, ...rest } = raw;
  return JSON.stringify(ipRanges.length === 0 ? rest : withRanges(rest, ipRanges));
}

/** The subnet at the top of `ipam` is a set of its own: it goes behind the runtime's, as its ranges do. */
function withRanges(raw: RawConfig, ipRanges: readonly unknown[]): RawConfig {
  const { subnet, rangeStart, rangeEnd, gateway, ranges, ...ipam } = raw.ipam as RawConfig;
  const own = subnet === undefined ? [] : [[{ subnet, rangeStart, rangeEnd, gateway }]];
  const others = Array.isArray(ranges) ? (ranges as unknown[]) : [];
  return { ...raw, ipam: { ...ipam, ranges: [...ipRanges, ...own, ...others] } };
}

function addressAskFor({ chained, ipam, runtime }: NetworkConfig, arg: string | undefined) {
  const { podAnnotations: annotations, ips } = runtime;
  if (!chained) return addressAskOf(ipam, { annotations, ips, arg });
  // What CNI_ARGS asks of an IPAM plugin is said to the whole chain, so it is not refused here.
  refuseAddressAsk(annotations);
  return asksNothing;
}

type Asking = Pick<PodRequest, "containerId" | "ifname" | "netns" | "args">;

/** The pod as `podClaims` knows it. */
export const podOf = ({ containerId, args }: Asking) => ({
  containerId,
  podNamespace: args.K8S_POD_NAMESPACE ?? null,
  podName: args.K8S_POD_NAME ?? null,
  podUid: args.K8S_POD_UID ?? null,
});

/** What an ADD is about, beside its request. */
export interface AskParts {
  config: NetworkConfig;
  granted: Granted | null;
  port?: ChainedPort;
}

/**
 * Uses the ledger with what an ADD asks for, claims included. Throws what `attachAskOf` and `withPodClaims` throw.
 */
export function withAsk<T>(
  request: Asking,
  { config, granted, port }: AskParts,
  use: UseLedger<AttachAsk, T>,
): T {
  const settle = (claims: PodClaims): AttachAsk =>
    span("settle promise", () => attachAskOf(request, config, granted, port ?? null, claims));
  return withPodClaims(config.dataDir, podOf(request), settle, use);
}

/**
 * What an ADD asks for, from its configuration and arguments, and from what the pod's claims were given
 * (node/facts/pod-claims.ts). Throws badConfig, policyRefused, promiseRefused, and an error for what the uplink
 * lacks.
 */
export function attachAskOf(
  request: Asking,
  config: NetworkConfig,
  granted: Granted | null,
  port: ChainedPort | null = null,
  claims: PodClaims = [],
): AttachAsk {
  const { args, containerId, ifname, netns } = request;
  const key = { network: config.name, containerId, ifname };
  const { podNamespace, podName, podUid } = podOf(request);
  const uplink = findUplink(config.uplink, config.bridge);
  requireUplink(claims, uplink.name);
  const holder = holderName({ ...key, podNamespace, podName });
  return {
    ...promiseForNew(config, podNamespace, holder, claimedRates(claims)),
    key,
    netns,
    podNamespace,
    podName,
    podUid,
    config,
    uplink,
    base: networkBase(
      config,
      uplink,
      port?.ingress ?? { kind: "bridge", name: config.bridge, owned: true },
    ),
    addresses: addressAskFor(config, args.IP),
    granted,
    port,
  };
}
