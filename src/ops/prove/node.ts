import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { type Lab, makeLab } from "../../lab/lab.ts";
import {
  inNamespace,
  ipBatch,
  mustInNamespace,
  namespacePath,
  useLossBasedTcp,
} from "../../lab/namespaces.ts";
import { addresses, devices } from "../../lab/wire.ts";
import { podGsoMaxBytes } from "../../plan/shape.ts";
import type { ProveSettings } from "./result.ts";
import { selfCommand } from "./self.ts";

export interface Pod {
  name: "steady" | "noisy";
  namespace: string;
  address: string;
}

/** A node with two pods that the binary itself has wired, verb by verb, as a runtime does. */
export interface ProveNode {
  steady: Pod;
  noisy: Pod;
  remote: { namespace: string; address: string };
  congestionControl: string;
  /** Takes the quality of service away and nothing else: the pods stay as they were wired. */
  removeQos(): void;
  /** Synchronous, so that a signal's handler can call it; safe to call twice. */
  remove(): void;
}

const BRIDGE = "fw0";
const IFNAME = "eth0";
const MTU_BYTES = 1_500;
/** The kernel's default (GSO_LEGACY_MAX_SIZE). */
const DEFAULT_GSO_BYTES = 65_536;

export function makeProveNode(settings: ProveSettings): ProveNode {
  const lab = makeLab({ prefix: "fwp", wireBits: settings.wireBits });
  let dataDir: string | null = null;
  const remove = (): void => {
    lab.remove();
    if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    dataDir = mkdtempSync(join(tmpdir(), "fairway-prove-"));
    const config = networkConfig(settings, dataDir);
    const steady = addPod(lab, config, "steady", {
      "fairway.dev/egress-guarantee": String(settings.guaranteeBits),
      "fairway.dev/ingress-guarantee": String(settings.guaranteeBits),
      "fairway.dev/latency-target": `${settings.latencyTargetUs}us`,
    });
    const noisy = addPod(lab, config, "noisy", {});
    const senders = [lab.remote, steady.namespace, noisy.namespace];
    const [congestionControl = "unknown"] = senders.map(useLossBasedTcp);
    return {
      steady,
      noisy,
      remote: { namespace: lab.remote, address: addresses.remote },
      congestionControl,
      removeQos: () => removeQos(lab, [steady, noisy]),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function networkConfig({ capacityBits }: ProveSettings, dataDir: string): Record<string, unknown> {
  return {
    cniVersion: "1.0.0",
    name: "fairway-prove",
    type: "fairway",
    bridge: BRIDGE,
    // Both directions are opened from either side, so pods keep their addresses.
    ipMasq: false,
    uplink: {
      name: devices.uplink,
      egressCapacity: String(capacityBits),
      ingressCapacity: String(capacityBits),
      // At these rates one 64 KiB unit of the host's own would take longer than the target: as small as pods'.
      gsoMaxSize: podGsoMaxBytes(capacityBits, MTU_BYTES),
    },
    ipam: { subnet: addresses.podSubnet, routes: [{ dst: "0.0.0.0/0" }] },
    dataDir,
  };
}

/** An ADD as libcni does it: environment, configuration on standard input, result on standard output. */
function addPod(
  lab: Lab,
  config: Record<string, unknown>,
  name: Pod["name"],
  annotations: Record<string, string>,
): Pod {
  const namespace = lab.addPod(name);
  const added = inNamespace(lab.node, selfCommand(), {
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: namespace,
      CNI_NETNS: namespacePath(namespace),
      CNI_IFNAME: IFNAME,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=prove;K8S_POD_NAME=${name}`,
    },
    stdin: JSON.stringify({
      ...config,
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
    }),
  });
  if (added.code !== 0) {
    throw new FairwayError(
      "unavailable",
      `ADD of the ${name} pod failed: ${said(added.stdout)}`,
      added.stderr.trim() || undefined,
    );
  }
  return { name, namespace, address: addressOf(added.stdout, name) };
}

/** The words of an error result, or whatever stands there instead. */
function said(stdout: string): string {
  try {
    const { msg, details } = JSON.parse(stdout) as { msg: string; details?: string };
    return details ? `${msg} (${details})` : msg;
  } catch {
    return stdout.trim() || "it said nothing";
  }
}

function addressOf(stdout: string, name: string): string {
  const result = JSON.parse(stdout) as { ips?: { address?: string }[] };
  const [address] = result.ips?.[0]?.address?.split("/") ?? [];
  if (!address) {
    throw new FairwayError(
      "unavailable",
      `ADD of the ${name} pod gave it no address: ${stdout.trim()}`,
    );
  }
  return address;
}

function removeQos(lab: Lab, pods: readonly Pod[]): void {
  for (const device of [devices.uplink, BRIDGE]) {
    mustInNamespace(lab.node, ["tc", "qdisc", "del", "dev", device, "root"]);
  }
  // Fairway makes units small for the sake of latency: without QoS they are the kernel's.
  mustInNamespace(lab.node, [
    "ip",
    "link",
    "set",
    "dev",
    devices.uplink,
    "gso_max_size",
    String(DEFAULT_GSO_BYTES),
  ]);
  for (const { namespace } of pods) {
    ipBatch(namespace, [`link set dev ${IFNAME} gso_max_size ${DEFAULT_GSO_BYTES}`]);
  }
}
