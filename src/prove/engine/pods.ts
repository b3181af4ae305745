import { FairwayError } from "../../errors.ts";
import type { CommandResult } from "../../ops/child.ts";
import { ofFamily } from "../../plan/ip.ts";
import { table } from "../../plan/names.ts";
import type { Lab } from "../lab/lab.ts";
import { inNamespace, ipBatch, mustInNamespace, namespacePath } from "../lab/namespaces.ts";
import { devices } from "../lab/wire.ts";
import { pluginCommand } from "./self.ts";

export interface Pod<Name extends string = string> {
  name: Name;
  namespace: string;
  address: string;
  /** null means that it has no IPv6 address. */
  address6: string | null;
}

type Config = Record<string, unknown>;

export const BRIDGE = "fw0";
export const IFNAME = "eth0";
/** The kernel's default (GSO_LEGACY_MAX_SIZE). */
const DEFAULT_GSO_BYTES = 65_536;

type Addresses = Pick<Pod, "address" | "address6">;
export type Added = ({ ok: true } & Addresses) | { ok: false; said: string; stderr: string };

/**
 * Makes an ADD as libcni does: with the environment, the configuration on standard input, and the result on
 * standard output.
 */
export function callAdd(
  lab: Lab,
  argv: readonly string[],
  { name, namespace }: Pick<Pod, "name" | "namespace">,
  config: Record<string, unknown>,
  env: Record<string, string>,
): CommandResult {
  return inNamespace(lab.node, argv, {
    env: {
      CNI_COMMAND: "ADD",
      // The data folder is this run's own, so no pod of another run can be mistaken for this one.
      CNI_CONTAINERID: name,
      CNI_NETNS: namespacePath(namespace),
      CNI_IFNAME: IFNAME,
      ...env,
    },
    stdin: JSON.stringify(config),
  });
}

export function tryAdd(
  lab: Lab,
  config: Record<string, unknown>,
  pod: { name: string; namespace: string },
  annotations: Record<string, string>,
): Added {
  const { name } = pod;
  const added = callAdd(
    lab,
    pluginCommand(),
    pod,
    { ...config, runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } },
    { CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=prove;K8S_POD_NAME=${name}` },
  );
  return added.code === 0
    ? { ok: true, ...addressesOf(added.stdout, name) }
    : { ok: false, said: said(added.stdout), stderr: added.stderr.trim() };
}

/**
 * Adds a pod in a namespace of its own.
 * @throws FairwayError unavailable with what the plugin said.
 */
export function addPod<Name extends string>(
  lab: Lab,
  config: Config | ((pod: Pick<Pod, "name" | "namespace">) => Config),
  name: Name,
  annotations: Record<string, string>,
): Pod<Name> {
  const namespace = lab.addPod(name);
  const own = typeof config === "function" ? config({ name, namespace }) : config;
  const added = tryAdd(lab, own, { name, namespace }, annotations);
  if (!added.ok) {
    throw new FairwayError(
      "unavailable",
      `ADD of the ${name} pod failed: ${added.said}`,
      added.stderr || undefined,
    );
  }
  return { name, namespace, address: added.address, address6: added.address6 };
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

function addressesOf(stdout: string, name: string): Addresses {
  const result = JSON.parse(stdout) as { ips?: { address: string }[] };
  const all = (result.ips ?? []).map((ip) => ip.address.split("/")[0] ?? "");
  const [address] = ofFamily(all, 4);
  if (!address) {
    throw new FairwayError(
      "unavailable",
      `ADD of the ${name} pod gave it no address: ${stdout.trim()}`,
    );
  }
  return { address, address6: ofFamily(all, 6)[0] ?? null };
}

/** The chain that polices what the host itself receives (src/plan/ruleset.ts). */
const POLICE_CHAIN = [...table.split(" "), "host-ingress"];

/** Takes both trees and the police away and nothing else. The pods stay as they were wired. */
export function removeQos(lab: Lab, pods: readonly Pod[]): void {
  for (const device of [devices.uplink, BRIDGE]) {
    mustInNamespace(lab.node, ["tc", "qdisc", "del", "dev", device, "root"]);
  }
  if (inNamespace(lab.node, ["nft", "list", "chain", ...POLICE_CHAIN]).code === 0) {
    mustInNamespace(lab.node, ["nft", "delete", "chain", ...POLICE_CHAIN]);
  }
  // Fairway makes units small for the sake of latency. Without QoS they have the kernel's size.
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
