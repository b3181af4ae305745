import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { podGsoMaxBytes } from "../plan/shape.ts";
import { makeLab } from "./lab/lab.ts";
import { useLossBasedTcp } from "./lab/namespaces.ts";
import { addresses, devices } from "./lab/wire.ts";
import { addPod, BRIDGE, type Pod, removeQos } from "./pods.ts";
import type { ProveSettings } from "./result.ts";
import { MTU_BYTES } from "./statistics.ts";

/** A node with two pods that the binary itself has wired, verb by verb, as a runtime does. */
export interface ProveNode {
  steady: Pod<"steady">;
  noisy: Pod<"noisy">;
  remote: { namespace: string; address: string };
  congestionControl: string;
  /** Takes the quality of service away and nothing else: the pods stay as they were wired. */
  removeQos(): void;
  /** Synchronous, so that a signal's handler can call it; safe to call twice. */
  remove(): void;
}

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
