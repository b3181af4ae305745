/** The verbs: from a request to what is printed. */
import { readFileSync } from "node:fs";
import { parseCleanupConfig, parseNetworkConfig } from "../config/parse.ts";
import type { CniVersion, LogConfig, NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { type Ledger, openLedger } from "../ledger/ledger.ts";
import { attach, requireNetns } from "../node/attach.ts";
import { check } from "../node/check.ts";
import { detach } from "../node/detach.ts";
import { networkBase } from "../node/network.ts";
import type { Asked } from "../node/propose.ts";
import { findUplink } from "../node/uplink.ts";
import { bridgeMac, hostMac } from "../plan/names.ts";
import type { Attachment, NetworkBase } from "../plan/node.ts";
import { promiseOf } from "../promise/ask.ts";
import { readPrevResult } from "./prev-result.ts";
import type { PodRequest, RawConfig, Request } from "./request.ts";
import { addResult, type Json, versionResult } from "./result.ts";

/** What a verb came to: what it prints (null: nothing), and what its log line tells. */
export interface Outcome {
  output: Json | null;
  log: LogConfig | null;
  facts: Record<string, unknown>;
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

export function withLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  const ledger = openLedger({ dir: dataDir, bootId: bootId() });
  try {
    return use(ledger);
  } finally {
    ledger.close();
  }
}

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
  const ip = args["IP"];
  return {
    key: { network: config.name, containerId, ifname },
    netns,
    podNamespace: args["K8S_POD_NAMESPACE"] ?? null,
    podName: args["K8S_POD_NAME"] ?? null,
    promise,
    config,
    base: networkBase(config, findUplink(config.uplink, config.bridge)),
    requestedIps: runtime.ips.length > 0 ? runtime.ips : ip === undefined ? [] : [ip],
  };
}

function resultOf(
  cniVersion: CniVersion,
  a: Attachment,
  { bridge, mtuBytes }: NetworkBase,
  config: NetworkConfig,
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
    dns: config.dns,
  });
}

function add(request: PodRequest): Outcome {
  const config = parseNetworkConfig(request.config);
  if (config.prevResult !== null)
    throw new FairwayError(
      "badConfig",
      "prevResult: fairway was called after another plugin, and chained mode is not built yet in this version",
      "make fairway the first plugin of the conflist",
    );
  requireNetns(request.netns, request.netnsOverride);
  const asked = askedOf(request, config);
  const attachment = withLedger(config.dataDir, (ledger) =>
    attach(ledger, asked, networkPart(request.config)),
  );
  return {
    output: resultOf(config.cniVersion, attachment, asked.base, config),
    log: config.log,
    facts: { leases: attachment.leases.map((l) => l.address), class: attachment.classMinor },
  };
}

function del(request: PodRequest): Outcome {
  const config = parseCleanupConfig(request.config);
  const { containerId, ifname } = request;
  const found = withLedger(config.dataDir, (ledger) =>
    detach(ledger, { network: config.name, containerId, ifname }),
  );
  return { output: null, log: config.log, facts: { found } };
}

/** The first version that has CHECK (SPEC 0.4.0). */
const withCheck: readonly CniVersion[] = ["0.4.0", "1.0.0", "1.1.0"];

function checkVerb(request: PodRequest): Outcome {
  const config = parseNetworkConfig(request.config);
  if (!withCheck.includes(config.cniVersion))
    throw new FairwayError(
      "incompatibleVersion",
      `config version ${config.cniVersion} does not allow CHECK`,
      `CHECK needs one of ${withCheck.join(", ")}`,
    );
  const previous = readPrevResult(request.config["prevResult"], config.cniVersion);
  requireNetns(request.netns, request.netnsOverride);
  const { containerId, ifname, netns } = request;
  const key = { network: config.name, containerId, ifname };
  const attachment = withLedger(config.dataDir, (ledger) => check(ledger, key, netns));
  const told = previous.ips.map((ip) => ip.address);
  const missing = attachment.leases
    .map((l) => `${l.address}/${l.prefixLength}`)
    .filter((a) => !told.includes(a));
  if (missing.length > 0)
    throw new FairwayError(
      "drift",
      `the attachment has ${missing.join(", ")}, prevResult has ${told.join(", ") || "no address"}`,
      "the runtime's cache and the ledger disagree: DEL and ADD the pod again",
    );
  return { output: null, log: config.log, facts: {} };
}

/** Throws FairwayError. */
export function runVerb(request: Request): Outcome {
  switch (request.verb) {
    case "ADD":
      return add(request);
    case "DEL":
      return del(request);
    case "CHECK":
      return checkVerb(request);
    case "VERSION":
      return { output: versionResult(request.cniVersion), log: null, facts: {} };
    case "GC":
    case "STATUS":
      throw new FairwayError(
        "badEnvironment",
        `CNI_COMMAND ${request.verb} is not built yet in this version`,
        "give the conflist cniVersion 1.0.0, whose runtimes do not call it",
      );
  }
}
