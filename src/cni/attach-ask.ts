/** Works out what a request asks of the node. */
import { addressAskOf, asksNothing } from "../config/address-ask.ts";
import { refuseAddressAsk } from "../config/chained.ts";
import type { NetworkConfig } from "../config/types.ts";
import type { Granted } from "../node/addresses/granted.ts";
import type { ChainedPort } from "../node/facts/chained.ts";
import { networkBase } from "../node/facts/network.ts";
import { findUplink } from "../node/facts/uplink.ts";
import type { AttachAsk } from "../node/verbs/propose.ts";
import { promiseForNew } from "../promise/ask.ts";
import { holderName } from "../promise/held.ts";
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

/**
 * What an ADD asks for, from its configuration and arguments. Throws badConfig, policyRefused, and an error
 * for what the uplink lacks.
 */
export function attachAskOf(
  request: Pick<PodRequest, "containerId" | "ifname" | "netns" | "args">,
  config: NetworkConfig,
  granted: Granted | null,
  port: ChainedPort | null = null,
): AttachAsk {
  const { args, containerId, ifname, netns } = request;
  const key = { network: config.name, containerId, ifname };
  const podNamespace = args.K8S_POD_NAMESPACE ?? null;
  const podName = args.K8S_POD_NAME ?? null;
  const uplink = findUplink(config.uplink, config.bridge);
  return {
    ...promiseForNew(config, podNamespace, holderName({ ...key, podNamespace, podName })),
    key,
    netns,
    podNamespace,
    podName,
    podUid: args.K8S_POD_UID ?? null,
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
