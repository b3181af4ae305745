/** From a request to what it asks of the node. */
import type { NetworkConfig } from "../config/types.ts";
import { networkBase } from "../node/network.ts";
import type { Asked } from "../node/propose.ts";
import { findUplink } from "../node/uplink.ts";
import { ownAnnotations } from "../promise/annotations.ts";
import { promiseOf } from "../promise/ask.ts";
import type { PodRequest, RawConfig } from "./request.ts";

/** The configuration as the ledger keeps it: what belongs to the network, not to one pod. */
export function networkPart(raw: RawConfig): string {
  const { runtimeConfig: _, prevResult: __, args: ___, ...rest } = raw;
  return JSON.stringify(rest);
}

/** What an ADD asks for, from its configuration and arguments. */
export function askedOf(
  request: Pick<PodRequest, "containerId" | "ifname" | "netns" | "args">,
  config: NetworkConfig,
): Asked {
  const { args, containerId, ifname, netns } = request;
  const { runtime, tiers, defaultTier } = config;
  const promise = promiseOf({
    annotations: runtime.podAnnotations,
    bandwidth: runtime.bandwidth,
    tiers,
    defaultTier,
  });
  const ip = args.IP;
  return {
    key: { network: config.name, containerId, ifname },
    netns,
    podNamespace: args.K8S_POD_NAMESPACE ?? null,
    podName: args.K8S_POD_NAME ?? null,
    promise,
    asks: {
      annotations: ownAnnotations(runtime.podAnnotations),
      bandwidth: runtime.bandwidth,
      overrides: null,
    },
    config,
    base: networkBase(config, findUplink(config.uplink, config.bridge)),
    requestedIps: runtime.ips.length > 0 ? runtime.ips : ip === undefined ? [] : [ip],
  };
}
