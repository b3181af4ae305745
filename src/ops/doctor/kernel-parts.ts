/** The kernel's parts that Fairway needs: whether they can be made, without making any. */
import { error, type Finding, ok, warn } from "./finding.ts";
import { type Evidence, kernelEvidence } from "./kernel-evidence.ts";

export interface Part {
  module: string;
  config: string;
  /** Whether the kernel loads it itself when it is asked for. */
  onDemand: boolean;
}

const parts: Part[] = [
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

/** Where the part is known to be, or null. */
function presence({ module, config }: Part, evidence: Evidence): string | null {
  if (evidence.inUse.has(module)) return "in use";
  if (evidence.loaded?.has(module) === true) return "loaded or built in";
  if (evidence.builtIn?.has(module) === true) return "built in";
  return evidence.config?.get(config) === "y" ? `built in (${config}=y)` : null;
}

function load({ module, config, onDemand }: Part, id: string): Finding {
  if (onDemand) return ok(id, "a module, which the kernel loads when it is asked for");
  return error(
    id,
    "a module that is not loaded, and that nothing loads on demand",
    `modprobe ${module}, and load it at boot: echo ${module} > /etc/modules-load.d/fairway.conf (${config})`,
  );
}

export function judgePart(part: Part, evidence: Evidence): Finding {
  const { module, config } = part;
  const id = `kernel.${module}`;
  const there = presence(part, evidence);
  if (there !== null) return ok(id, there);
  if (evidence.loadable?.has(module) === true) return load(part, id);
  const absent = (source: string): Finding =>
    error(
      id,
      `kernel ${evidence.release} does not have it (${source})`,
      `install the distribution's package of further kernel modules, or a kernel with ${config}`,
    );
  if (evidence.config !== null && !evidence.config.has(config))
    return absent(`${config} is not set`);
  const folder = `/lib/modules/${evidence.release}`;
  if (evidence.builtIn !== null && evidence.loadable !== null)
    return absent(`${folder} does not name it`);
  const known = evidence.config === null ? "" : `; it was built as a module (${config}=m)`;
  return warn(
    id,
    `not determined: ${folder} is not to be seen from here${known}`,
    `on the node itself: modprobe -n ${module}`,
  );
}

export function kernelParts(): Finding[] {
  const evidence = kernelEvidence();
  return parts.map((part) => judgePart(part, evidence));
}
