/** ADD gives a pod its interface, or the promise for the one that another plugin made. */

import type { CniVersion, NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { withDelegateAdd } from "../node/addresses/delegate.ts";
import { rememberPath } from "../node/addresses/delegate-gone.ts";
import type { Granted } from "../node/addresses/granted.ts";
import { readResolvConf } from "../node/addresses/resolv-conf.ts";
import { findChainedPort } from "../node/facts/chained.ts";
import { requireNetns } from "../node/facts/netns-asked.ts";
import { inLedger } from "../node/facts/open.ts";
import { attach } from "../node/verbs/attach.ts";
import { refuseExisting } from "../node/verbs/propose.ts";
import { bridgeMac, hostMac } from "../plan/names.ts";
import { type Attachment, attachmentName, type NetworkBase } from "../plan/node.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { span } from "../trace.ts";
import { type AskParts, networkPart, withAsk } from "./attach-ask.ts";
import { chainEnd } from "./chain.ts";
import { delegateOf } from "./delegate-of.ts";
import { readGranted } from "./delegate-result.ts";
import type { Outcome } from "./outcome.ts";
import { readPrevResult } from "./prev-result.ts";
import type { PodRequest } from "./request.ts";
import { addResult, type Json } from "./result.ts";

function resultOf(
  cniVersion: CniVersion,
  a: Attachment,
  { ingress: { name: bridge }, mtuBytes }: NetworkBase,
  dns: Json | null,
): Json {
  return addResult({
    cniVersion,
    interfaces: [
      { name: bridge, mac: bridgeMac(bridge), mtu: mtuBytes },
      { name: a.hostVeth, mac: hostMac(a.classMinor), mtu: a.mtuBytes },
      { name: a.ifname, mac: a.podMac, mtu: a.mtuBytes, sandbox: a.netns },
    ],
    ips: a.leases.map(({ address, prefixLength, gateway }) => ({
      interface: 2,
      address: `${address}/${prefixLength}`,
      gateway,
    })),
    routes: a.routes,
    dns,
  });
}

/** The configuration's own dns goes before what comes with the addresses, as in the reference plugins. */
function dnsOf({ dns, ipam }: NetworkConfig, granted: Granted | null): Json | null {
  if (dns !== null) return dns;
  return ipam.resolvConf === null ? (granted?.dns ?? null) : readResolvConf(ipam.resolvConf);
}

/** The names carry their units, as in the code. */
function promiseFacts({ promise, podNamespace, podName }: Attachment): Json {
  const { egress, ingress, latencyTargetUs, tier } = promise;
  return { podNamespace, podName, tier, egress, ingress, latencyTargetUs };
}

function attachAsked(request: PodRequest, parts: AskParts) {
  let freed: string[] = [];
  const { config, granted } = parts;
  const { attachment, asked, dns } = withAsk(request, parts, (ledger, asked) => {
    const dns = config.chained ? null : dnsOf(config, granted);
    const attachment = attach(ledger, asked, networkPart(request.config, config), (keys) => {
      freed = keys.map(attachmentName);
    });
    return { attachment, asked, dns };
  });
  const facts = {
    leases: attachment.leases.map((l) => l.address),
    class: attachment.classMinor,
    promise: promiseFacts(attachment),
    ...(freed.length === 0 ? {} : { freed }),
  };
  return { attachment, facts, asked, dns };
}

function addWith(request: PodRequest, config: NetworkConfig, granted: Granted | null): Outcome {
  const { attachment, facts, asked, dns } = attachAsked(request, { config, granted });
  const output = resultOf(config.cniVersion, attachment, asked.base, dns);
  return { output, log: config.log, facts };
}

/**
 * With `ipam` Fairway makes the interface; without it the plugin before it did. Throws badConfig for a
 * mixture.
 */
function refuseMixture({ chained, prevResult }: NetworkConfig): void {
  if (chained === (prevResult !== null)) return;
  throw chained
    ? new FairwayError(
        "badConfig",
        "there is neither ipam nor a prevResult: nobody gives the pod an interface",
        'to have fairway make it, give it addresses: "ipam": {"subnet": "10.244.1.0/24"}; to chain fairway, put it into "plugins" after the plugin that makes it (bridge, ptp, flannel, calico)',
      )
    : new FairwayError(
        "badConfig",
        "there are both ipam and a prevResult: another plugin has made the pod's interface already",
        "to chain fairway after it, remove ipam from fairway's entry; to have fairway make the interface, put fairway first and remove the other plugin",
      );
}

/** The result is that of the other plugins, as it came. */
function addChained(request: PodRequest, config: NetworkConfig): Outcome {
  const { containerId, ifname, netns } = request;
  const previous = readPrevResult(request.config.prevResult, config.cniVersion);
  const { hostNames, leases } = chainEnd(previous, ifname, netns);
  inLedger(config.dataDir, (ledger) =>
    refuseExisting(ledger, { network: config.name, containerId, ifname }),
  );
  const port = { ...findChainedPort({ netns, ifname }, hostNames), leases };
  const { attachment, facts } = attachAsked(request, { config, granted: null, port });
  return {
    output: { ...config.prevResult, cniVersion: config.cniVersion },
    log: config.log,
    facts: { ...facts, hostInterface: attachment.hostVeth },
  };
}

export function add(request: PodRequest): Outcome {
  const config = span("parse configuration", () => parseNetworkConfig(request.config));
  refuseMixture(config);
  requireNetns(request.netns, request.netnsOverride);
  if (config.chained) return addChained(request, config);
  const delegate = delegateOf(request, config.ipam.delegate);
  if (delegate === null) return addWith(request, config, null);
  // What would be refused whatever the addresses are is refused before any is taken.
  // An attachment that is there keeps its address: the delegate must not be told to free it.
  withAsk(request, { config, granted: null }, (ledger, { key }) => {
    refuseExisting(ledger, key);
    rememberPath(ledger, delegate.path);
  });
  return withDelegateAdd(delegate, (stdout) =>
    addWith(request, config, readGranted(stdout, delegate.plugin)),
  );
}
