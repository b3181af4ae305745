/** The kernel's parts that Fairway needs. This finds out whether they can be made, without making any. */
import type { Evidence } from "./evidence.ts";

export type ModuleName =
  | "sch_htb"
  | "sch_tbf"
  | "veth"
  | "bridge"
  | "br_netfilter"
  | "nf_tables"
  | "nft_chain_nat"
  | "nft_masq"
  | "nft_fib_inet"
  | "ifb"
  | "sch_ingress"
  | "cls_bpf"
  | "act_mirred";

export interface Part {
  module: ModuleName;
  config: string;
  /** Whether the kernel loads it by itself when it is asked for. */
  onDemand: boolean;
}

const stillChained = new Set<ModuleName>(["sch_htb", "sch_tbf", "nf_tables", "nft_fib_inet"]);

/**
 * The parts that are needed where another plugin makes the pods' interfaces. They lead the packets that it
 * routes through the tree.
 */
const chainedParts: readonly Part[] = [
  { module: "ifb", config: "CONFIG_IFB", onDemand: true },
  { module: "sch_ingress", config: "CONFIG_NET_SCH_INGRESS", onDemand: true },
  { module: "cls_bpf", config: "CONFIG_NET_CLS_BPF", onDemand: true },
  { module: "act_mirred", config: "CONFIG_NET_ACT_MIRRED", onDemand: true },
];

export function partsFor(chained: boolean): readonly Part[] {
  return chained
    ? [...parts.filter(({ module }) => stillChained.has(module)), ...chainedParts]
    : parts;
}

const parts: readonly Part[] = [
  { module: "sch_htb", config: "CONFIG_NET_SCH_HTB", onDemand: true },
  { module: "sch_tbf", config: "CONFIG_NET_SCH_TBF", onDemand: true },
  { module: "veth", config: "CONFIG_VETH", onDemand: true },
  { module: "bridge", config: "CONFIG_BRIDGE", onDemand: true },
  { module: "br_netfilter", config: "CONFIG_BRIDGE_NETFILTER", onDemand: false },
  { module: "nf_tables", config: "CONFIG_NF_TABLES", onDemand: true },
  { module: "nft_chain_nat", config: "CONFIG_NFT_NAT", onDemand: true },
  { module: "nft_masq", config: "CONFIG_NFT_MASQ", onDemand: true },
  { module: "nft_fib_inet", config: "CONFIG_NFT_FIB_INET", onDemand: true },
];

export type Presence =
  | { is: "there"; how: string }
  /** It is a module, and the kernel loads it when it is asked for. */
  | { is: "loadable" }
  | { is: "missing"; found: string; todo: string }
  /** No source tells. */
  | { is: "unknown"; found: string; todo: string };

/**
 * Since this version, rules in `postrouting` see the interface by which a packet came in (28f8bfd1ac94). In
 * older kernels, packets from outside look like the host's own and would get no class.
 */
const oldest = { major: 5, minor: 7 };

/** Does the same as `presenceOf`, for the kernel itself. `release` is as uname -r prints it. */
export function ageOf(release: string): Presence {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  const wanted = `Linux ${oldest.major}.${oldest.minor} or newer`;
  if (major === undefined || minor === undefined)
    return { is: "unknown", found: `kernel ${release}`, todo: `make sure that it is ${wanted}` };
  const isNewer = Number(major) > oldest.major;
  if (isNewer || (Number(major) === oldest.major && Number(minor) >= oldest.minor))
    return { is: "there", how: release };
  return {
    is: "missing",
    found: `kernel ${release} does not tell rules where a packet came in`,
    todo: `boot ${wanted}`,
  };
}

function known({ module, config }: Part, evidence: Evidence): string | null {
  if (evidence.inUse.has(module)) return "in use";
  if (evidence.loaded?.has(module) === true) return "loaded or built in";
  if (evidence.builtIn?.has(module) === true) return "built in";
  return evidence.config?.get(config) === "y" ? `built in (${config}=y)` : null;
}

function loadable({ module, config, onDemand }: Part): Presence {
  if (onDemand) return { is: "loadable" };
  return {
    is: "missing",
    found: "a module that is not loaded, and that nothing loads on demand",
    todo: `modprobe ${module}, and load it at boot: echo ${module} > /etc/modules-load.d/fairway.conf (${config})`,
  };
}

export function presenceOf(part: Part, evidence: Evidence): Presence {
  const { module, config } = part;
  const how = known(part, evidence);
  if (how !== null) return { is: "there", how };
  if (evidence.loadable?.has(module) === true) return loadable(part);
  const absent = (source: string): Presence => ({
    is: "missing",
    found: `kernel ${evidence.release} does not have it (${source})`,
    todo: `install the distribution's package of further kernel modules, or a kernel with ${config}`,
  });
  if (evidence.config !== null && !evidence.config.has(config))
    return absent(`${config} is not set`);
  const folder = `/lib/modules/${evidence.release}`;
  if (evidence.builtIn !== null && evidence.loadable !== null)
    return absent(`${folder} does not name it`);
  const built = evidence.config === null ? "" : `; it was built as a module (${config}=m)`;
  return {
    is: "unknown",
    found: `not determined: ${folder} is not to be seen from here${built}`,
    todo: `on the node itself: modprobe -n ${module}`,
  };
}
