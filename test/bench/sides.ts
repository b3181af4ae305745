/** Who is measured: Fairway, and the chains of reference plugins that do what comes closest. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { devices } from "../../src/prove/lab/wire.ts";
import { toolsFolder } from "../support/reference.ts";
import type { Json } from "./plugin.ts";
import { type ChainPlugin, podSubnet, type SideSpec } from "./side.ts";

export const sideNames = {
  fairway: "Fairway",
  fairwayMasquerade: "Fairway, masquerade",
  agent: "Fairway, launcher and agent",
  agentMasquerade: "Fairway, launcher and agent, masquerade",
  launcher: "Fairway, launcher without an agent",
  launcherMasquerade: "Fairway, launcher without an agent, masquerade",
  ptp: "ptp + host-local + bandwidth",
  bridge: "bridge (ipMasq) + host-local + bandwidth",
  plain: "plain forwarding (bridge + host-local)",
  bandwidth: "bridge + host-local + bandwidth",
} as const;

/** The other build of `--binary`, beside each of Fairway's own sides. */
export const otherBuild = (name: string): string => `${name}, other build`;

/** All pods of a side are limited to this, in both directions, by whoever limits there. */
export interface Limit {
  bits: number;
  burstBits: number;
}

/** What a pod is limited to where its wiring is measured. */
export const usualLimit: Limit = { bits: 400e6, burstBits: 8e6 };
/**
 * What it is limited to where packets are measured: above what the machine carries, so that the cost of
 * passing the queues is seen and not their rate. The burst is far above a unit of 64 KiB.
 */
export const highLimit: Limit = { bits: 40e9, burstBits: 80e6 };

const CAPACITY = "40G";
const MTU_BYTES = 1500;

function bandwidthOf({ bits, burstBits }: Limit): Json {
  return {
    ingressRate: bits,
    ingressBurst: burstBits,
    egressRate: bits,
    egressBurst: burstBits,
  };
}

/** Go's where they were built, else Debian's. */
const referenceFolders = [toolsFolder, join(toolsFolder, "debian/usr/lib/cni")];
const referencePlugins = ["ptp", "bridge", "host-local", "bandwidth"];

/** null: there are none here. */
export function referenceFolder(): string | null {
  const has = (folder: string): boolean =>
    referencePlugins.every((plugin) => existsSync(join(folder, plugin)));
  return referenceFolders.find(has) ?? null;
}

export const ledgerOf = (folder: string): string => join(folder, "ledger");
export const logFileOf = (folder: string): string => join(folder, "fairway.log");

export interface FairwayOptions {
  name?: string;
  masquerade?: boolean;
  limit?: Limit;
  /** Over the configuration. */
  config?: Json;
}

/** With all that is on by default: the log line, and the guard that keeps pods to their own addresses. */
export function fairwaySide(binary: string, options: FairwayOptions = {}): SideSpec {
  const { masquerade = false, limit = usualLimit, config = {} } = options;
  return {
    name: options.name ?? (masquerade ? sideNames.fairwayMasquerade : sideNames.fairway),
    pluginFolder: "/",
    plugins: (folder) => [
      {
        file: binary,
        config: {
          type: "fairway",
          mtu: MTU_BYTES,
          ipMasq: masquerade,
          uplink: { name: devices.uplink, egressCapacity: CAPACITY, ingressCapacity: CAPACITY },
          ipam: { subnet: podSubnet, routes: [{ dst: "0.0.0.0/0" }] },
          dataDir: ledgerOf(folder),
          logFile: logFileOf(folder),
          runtimeConfig: { bandwidth: bandwidthOf(limit) },
          ...config,
        },
      },
    ],
  };
}

const hostLocal = (folder: string): Json => ({
  type: "host-local",
  subnet: podSubnet,
  routes: [{ dst: "0.0.0.0/0" }],
  dataDir: join(folder, "host-local"),
});

function bandwidthPlugin(folder: string, limit: Limit): ChainPlugin {
  return {
    file: join(folder, "bandwidth"),
    config: { type: "bandwidth", runtimeConfig: { bandwidth: bandwidthOf(limit) } },
  };
}

export function ptpSide(plugins: string): SideSpec {
  return {
    name: sideNames.ptp,
    pluginFolder: plugins,
    otherFiles: ["host-local"],
    plugins: (folder) => [
      {
        file: join(plugins, "ptp"),
        config: { type: "ptp", mtu: MTU_BYTES, ipMasq: false, ipam: hostLocal(folder) },
      },
      bandwidthPlugin(plugins, usualLimit),
    ],
  };
}

/** `limit` null: without the bandwidth plugin. */
export function bridgeSide(
  plugins: string,
  { name, masquerade, limit }: { name: string; masquerade: boolean; limit: Limit | null },
): SideSpec {
  return {
    name,
    pluginFolder: plugins,
    otherFiles: ["host-local"],
    plugins: (folder) => [
      {
        file: join(plugins, "bridge"),
        config: {
          type: "bridge",
          bridge: "cni0",
          isGateway: true,
          hairpinMode: true,
          mtu: MTU_BYTES,
          ipMasq: masquerade,
          // Debian's 1.1.1 knows no other than iptables, and no such key.
          ...(masquerade ? { ipMasqBackend: "nftables" } : {}),
          ipam: hostLocal(folder),
        },
      },
      ...(limit === null ? [] : [bandwidthPlugin(plugins, limit)]),
    ],
  };
}

export interface Builds {
  /** Fairway's executable. */
  binary: string;
  /** Another of Fairway's, to compare. */
  other: string | null;
  /** Where the reference plugins are; null: there are none. */
  reference: string | null;
  /** The launcher, which asks the executable's agent; null: it is not built. */
  launcher: string | null;
}

/** A side of Fairway's, and the same of the other build. */
export function ofBuilds({ binary, other }: Builds, options: FairwayOptions): SideSpec[] {
  const own = fairwaySide(binary, options);
  if (other === null) return [own];
  return [own, fairwaySide(other, { ...options, name: otherBuild(own.name) })];
}
