import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { exitCodes } from "../../ops/exit-codes.ts";
import { type Lab, makeLab } from "../lab/lab.ts";
import { inNamespace, ipBatch, steerFlows, useLossBasedTcp } from "../lab/namespaces.ts";
import { addresses, devices } from "../lab/wire.ts";
import { nowMs } from "../traffic/output.ts";
import { capPods, capsOf } from "./bandwidth.ts";
import { chainedConfig, requirePlugins } from "./chain.ts";
import { addPod, BRIDGE, type Pod, removeQos, tryAdd } from "./pods.ts";
import type { ClassCounts, Surroundings } from "./result.ts";
import { host, type Scenario } from "./scenario.ts";
import { pluginCommand } from "./self.ts";

/** A node as a scenario asks for it. Every pod was wired by an ADD of the binary itself. */
export interface ProveNode {
  /** A pod by its name, or the node itself for `host`. */
  end(name: string): Pod;
  pods: readonly Pod[];
  /** The remote host, with the address at which the scenario's ends reach it. */
  remote: Pod;
  congestionControl: string;
  surroundings: Surroundings;
  /** What each pod's class in each direction has counted. */
  classCounts(): ClassCounts;
  removeQos(): void;
  /**
   * Puts every pod under the reference bandwidth plugin, whose file is `plugin`. It is called after
   * `removeQos`.
   */
  capPods(plugin: string): void;
  remove(): void;
}

/** With this share the queue on ingress is ours and not the wire's. */
export const CAPACITY_SHARE = 0.97;
const HOST_GSO_BYTES = 9_000;

export const capacityOf = ({ wireBits }: Scenario): number => Math.floor(wireBits * CAPACITY_SHARE);

const overlay = {
  device: "vx0",
  id: 42,
  /** The port that IANA assigned. */
  port: 4789,
  node: "198.18.64.1",
  remote: "198.18.64.2",
  prefixLength: 24,
} as const;

export function makeProveNode(scenario: Scenario, plugins: string | null): ProveNode {
  requirePlugins(scenario, plugins);
  const lab = makeLab({ prefix: "fwp", wireBits: scenario.wireBits });
  let dataDir: string | null = null;
  const remove = (): void => {
    lab.remove();
    if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    dataDir = mkdtempSync(join(tmpdir(), "fairway-prove-"));
    const config = networkConfig(scenario, dataDir);
    if (scenario.overlay) makeOverlay(lab);
    if (scenario.noRouteBack) ipBatch(lab.remote, [`route del ${addresses.podSubnet}`]);
    const { chain = "none" } = scenario;
    const configFor = (pod: Pick<Pod, "name" | "namespace">): Record<string, unknown> =>
      chain === "none" || plugins === null
        ? config
        : chainedConfig(lab, pod, { plugin: chain, plugins, config });
    const pods = scenario.pods.map(({ name, asks }) =>
      addPod(lab, configFor, name, annotations(asks)),
    );
    const refused = Object.fromEntries(
      (scenario.refusals ?? []).map(({ name, asks }) => {
        const asked = tryAdd(lab, config, { name, namespace: lab.addPod(name) }, annotations(asks));
        return [name, asked.ok ? null : asked.said];
      }),
    );
    const ends = [
      ...pods,
      {
        name: host,
        namespace: lab.node,
        address: addresses.nodeUplink,
        address6: addresses.nodeUplink6,
      } satisfies Pod,
    ];
    const remote: Pod = {
      name: "remote",
      namespace: lab.remote,
      address: scenario.overlay ? overlay.remote : addresses.remote,
      address6: addresses.remote6,
    };
    const [congestionControl = "unknown"] = [remote, ...ends].map(({ namespace }) =>
      useLossBasedTcp(namespace),
    );
    return {
      end(name) {
        const found = ends.find((each) => each.name === name);
        if (found === undefined) throw new Error(`the scenario has no pod ${name}`);
        return found;
      },
      pods,
      remote,
      congestionControl,
      surroundings: { boundUs: boundsOf(lab, dataDir), refused },
      classCounts: classCountsOf(lab, dataDir),
      removeQos: () => removeQos(lab, pods),
      capPods: (plugin) => capPods(lab, pods, capsOf(scenario.pods, capacityOf(scenario)), plugin),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function networkConfig(scenario: Scenario, dataDir: string): Record<string, unknown> {
  const capacity = String(capacityOf(scenario));
  const { uplink, ...over } = scenario.config ?? {};
  return {
    cniVersion: "1.0.0",
    name: "fairway-prove",
    type: "fairway",
    bridge: BRIDGE,
    ipMasq: false,
    uplink: {
      name: devices.uplink,
      egressCapacity: capacity,
      ingressCapacity: capacity,
      // At these rates one 64 KiB unit of the host's own would take longer than the targets allow.
      gsoMaxSize: HOST_GSO_BYTES,
      ...(uplink as Record<string, unknown> | undefined),
    },
    ipam: ipamOf(scenario),
    dataDir,
    ...over,
  };
}

function ipamOf({ dualStack }: Scenario): Record<string, unknown> {
  const families = [
    { subnet: addresses.podSubnet, dst: "0.0.0.0/0" },
    ...(dualStack ? [{ subnet: addresses.podSubnet6, dst: "::/0" }] : []),
  ];
  return {
    ranges: families.map(({ subnet }) => [{ subnet }]),
    routes: families.map(({ dst }) => ({ dst })),
  };
}

function annotations(asks: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asks).map(([key, value]) => [`fairway.dev/${key}`, value]),
  );
}

/** Makes two tunnel ends by hand, as an overlay's agent does. The pods' subnet lies behind the node's. */
function makeOverlay({ node, remote }: Lab): void {
  const { device, id, port, prefixLength } = overlay;
  const end = (own: string, peer: string, address: string, dev: string): string[] => [
    `link add ${device} type vxlan id ${id} local ${own} remote ${peer} dstport ${port} dev ${dev}`,
    `address add ${address}/${prefixLength} dev ${device}`,
    `link set dev ${device} up`,
  ];
  ipBatch(node, end(addresses.nodeUplink, addresses.remote, overlay.node, devices.uplink));
  ipBatch(remote, [
    ...end(addresses.remote, addresses.nodeUplink, overlay.remote, devices.remote),
    `route replace ${addresses.podSubnet} via ${overlay.node} dev ${device}`,
  ]);
  steerFlows(remote, devices.remote);
}

interface PodStatus {
  pod: string | null;
  boundUs: number | null;
  egress: { kernel: { bytes: number } | null };
  ingress: { kernel: { bytes: number } | null };
}

/**
 * The status by the pod's name, without its namespace.
 * @throws FairwayError where the node is not as it was made.
 */
function statusOf(lab: Lab, dataDir: string): [string, PodStatus][] {
  const argv = [...pluginCommand(), "status", "--json", "--data-dir", dataDir];
  const { code, stdout, stderr } = inNamespace(lab.node, argv);
  if (code !== exitCodes.done && code !== exitCodes.drift)
    throw new FairwayError("io", `fairway status ended with ${code}`, stderr.trim() || undefined);
  const { pods } = JSON.parse(stdout) as { pods: PodStatus[] };
  return pods.flatMap((pod) => (pod.pod === null ? [] : [[pod.pod.replace(/^.*\//, ""), pod]]));
}

function boundsOf(lab: Lab, dataDir: string): Record<string, number> {
  return Object.fromEntries(
    statusOf(lab, dataDir).flatMap(([name, { boundUs }]) =>
      boundUs === null ? [] : [[name, boundUs]],
    ),
  );
}

/** A status takes a while. The counters are read in the middle of it, within some milliseconds. */
function classCountsOf(lab: Lab, dataDir: string): ProveNode["classCounts"] {
  return () => {
    const fromMs = nowMs();
    const bytes = statusOf(lab, dataDir).map(
      ([name, { egress, ingress }]) =>
        [name, { egress: egress.kernel?.bytes ?? 0, ingress: ingress.kernel?.bytes ?? 0 }] as const,
    );
    return { atMs: (fromMs + nowMs()) / 2, bytes: Object.fromEntries(bytes) };
  };
}
