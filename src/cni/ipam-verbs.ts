/**
 * Runs the verbs under the name fairway-ipam, which is an IPAM plugin for bridge, macvlan, ptp and others.
 */
import { addressAskOf } from "../config/address-ask.ts";
import { formatCidr } from "../config/addresses.ts";
import { parseIpamCleanupConfig, parseIpamPluginConfig } from "../config/ipam-plugin.ts";
import type { IpamConfig } from "../config/types.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { networkHolders, requireNextAddresses } from "../node/addresses/choose.ts";
import { checkReserved, release, releaseAllBut, reserve } from "../node/addresses/reserve.ts";
import { readResolvConf } from "../node/addresses/resolv-conf.ts";
import { inLedger } from "../node/facts/open.ts";
import type { AttachmentKey } from "../plan/node.ts";
import { specialNetworks } from "../plan/overlap.ts";
import { validAttachments } from "./node-verbs.ts";
import { type Outcome, requireVersion, withCheck, withGc } from "./outcome.ts";
import { readPrevResult } from "./prev-result.ts";
import type { NodeRequest, PodRequest, Request } from "./request.ts";
import { addResult, type Json, versionResult } from "./result.ts";

/** The main plugin writes the line of the log. */
const outcome = (output: Json | null): Outcome => ({ output, log: null, facts: {} });

const keyOf = (network: string, { containerId, ifname }: PodRequest): AttachmentKey => ({
  network,
  containerId,
  ifname,
});

/**
 * Refuses subnets that no node can use. What they meet on this node the main plugin has to know. Throws
 * badConfig.
 */
function refuseSpecial(name: string, { sets }: IpamConfig): void {
  const subnets = new Set(sets.flat().map(({ subnet }) => formatCidr(subnet)));
  for (const subnet of subnets)
    for (const met of specialNetworks(subnet))
      throw new FairwayError(
        "badConfig",
        `the subnet ${subnet} of network ${name} meets ${met}`,
        "give ipam.subnet or ipam.ranges a network of unicast addresses",
      );
}

function add(request: PodRequest): Outcome {
  const { cniVersion, name, dataDir, ipam, runtime } = parseIpamPluginConfig(request.config);
  refuseSpecial(name, ipam);
  const { IP, K8S_POD_NAMESPACE, K8S_POD_NAME } = request.args;
  const asked = {
    key: keyOf(name, request),
    ipam,
    ask: addressAskOf(ipam, { annotations: runtime.podAnnotations, ips: runtime.ips, arg: IP }),
    podNamespace: K8S_POD_NAMESPACE ?? null,
    podName: K8S_POD_NAME ?? null,
  };
  // This comes before anything is reserved, since it may fail.
  const dns = ipam.resolvConf === null ? null : readResolvConf(ipam.resolvConf);
  const reserved = inLedger(dataDir, (ledger) => reserve(ledger, asked));
  return outcome(
    addResult({
      cniVersion,
      interfaces: [],
      ips: reserved.map(({ address, prefixLength, gateway }) => ({
        address: `${address}/${prefixLength}`,
        gateway,
      })),
      routes: ipam.routes,
      dns,
    }),
  );
}

function del(request: PodRequest): Outcome {
  const { name, dataDir } = parseIpamCleanupConfig(request.config);
  inLedger(dataDir, (ledger) => release(ledger, keyOf(name, request)));
  return outcome(null);
}

function check(request: PodRequest): Outcome {
  const { cniVersion, name, dataDir } = parseIpamPluginConfig(request.config);
  requireVersion("CHECK", cniVersion, withCheck);
  const told = readPrevResult(request.config.prevResult, cniVersion).ips.map((ip) => ip.address);
  inLedger(dataDir, (ledger) => checkReserved(ledger, keyOf(name, request), told));
  return outcome(null);
}

function gc({ config }: NodeRequest): Outcome {
  const { cniVersion, name, dataDir } = parseIpamCleanupConfig(config);
  requireVersion("GC", cniVersion, withGc);
  const valid = validAttachments(config);
  inLedger(dataDir, (ledger) => releaseAllBut(ledger, name, valid));
  return outcome(null);
}

function status({ config }: NodeRequest): Outcome {
  const { cniVersion, name, dataDir, ipam } = parseIpamPluginConfig(config);
  requireVersion("STATUS", cniVersion, withGc);
  try {
    refuseSpecial(name, ipam);
    if (ipam.resolvConf !== null) readResolvConf(ipam.resolvConf);
    inLedger(dataDir, (ledger) =>
      requireNextAddresses(ledger, name, ipam, networkHolders(ledger, name)),
    );
  } catch (error) {
    const details = error instanceof FairwayError ? error.details : undefined;
    throw new FairwayError("unavailable", messageOf(error), details, { cause: error });
  }
  return outcome(null);
}

/** Throws FairwayError. */
export function runIpamVerb(request: Request): Outcome {
  switch (request.verb) {
    case "ADD":
      return add(request);
    case "DEL":
      return del(request);
    case "CHECK":
      return check(request);
    case "GC":
      return gc(request);
    case "STATUS":
      return status(request);
    case "VERSION":
      return outcome(versionResult(request.cniVersion));
  }
}
