/** A node with another's network on it, behind which Fairway is installed, and pods by the reference runtime's tool. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { inNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { repository } from "./binary.ts";
import { hasReference, toolsFolder } from "./reference.ts";
import { capacities, type Json, type Site, withSite } from "./site.ts";

const cnitool = join(repository, "dist/test-tools/cnitool");

/** A network as its installer writes it on a node. */
export interface OtherNetwork {
  title: string;
  file: string;
  /** What is to be in the runtime's folder of plugins, and which reference plugin that is. */
  plugins: Record<string, string>;
  conflist(site: Pick<Site, "root">): Json;
  /** What its daemon leaves on the node beside the conflist. */
  prepare?(site: Site): void;
}

const subnet = "198.19.7.0/24";
const hostLocal = (type: string): Json => ({ type, ranges: [[{ subnet }]] });

/** As Calico's manifest has it. */
export const bandwidth = { type: "bandwidth", capabilities: { bandwidth: true } };

/**
 * Flannel's own plugin, which delegates to `bridge`: as it was when it left the reference plugins for a repository of
 * its own.
 */
export const flannel: OtherNetwork = {
  title: "Flannel's plugin",
  file: "10-flannel.conflist",
  plugins: { flannel: "flannel", bridge: "bridge", "host-local": "host-local" },
  conflist: ({ root }) => ({
    ...{ cniVersion: "0.4.0", name: "cbr0" },
    plugins: [
      {
        type: "flannel",
        subnetFile: join(root, "run/flannel/subnet.env"),
        dataDir: join(root, "var/lib/flannel"),
        delegate: { hairpinMode: true, isDefaultGateway: true },
      },
    ],
  }),
  prepare: ({ root }) => {
    mkdirSync(join(root, "run/flannel"), { recursive: true });
    writeFileSync(
      join(root, "run/flannel/subnet.env"),
      `FLANNEL_NETWORK=198.19.0.0/16\nFLANNEL_SUBNET=198.19.7.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`,
    );
  },
};

/** The shape of Flannel's conflist, with the plugin that Flannel's delegates to in its place. */
export const flannelShape: OtherNetwork = {
  title: "Flannel's shape, on the reference bridge",
  file: "10-flannel.conflist",
  plugins: { bridge: "bridge", "host-local": "host-local" },
  conflist: () => ({
    ...{ cniVersion: "1.0.0", name: "cbr0" },
    plugins: [
      {
        ...{ type: "bridge", bridge: "cni0", mtu: 1450, hairpinMode: true },
        ...{ isDefaultGateway: true, isGateway: true, ipMasq: false },
        ipam: hostLocal("host-local"),
      },
    ],
  }),
};

/** Calico's conflist, with the reference ptp and host-local under the names of Calico's plugins. */
export const calicoShape: OtherNetwork = {
  title: "Calico's shape, on the reference ptp",
  file: "10-calico.conflist",
  plugins: { calico: "ptp", "calico-ipam": "host-local", bandwidth: "bandwidth" },
  conflist: () => ({
    ...{ name: "k8s-pod-network", cniVersion: "0.3.1" },
    plugins: [
      {
        ...{ type: "calico", log_level: "info", datastore_type: "kubernetes", nodename: "node" },
        ...{ mtu: 0, ipam: { ...hostLocal("calico-ipam"), routes: [{ dst: "0.0.0.0/0" }] } },
        ...{ policy: { type: "k8s" }, kubernetes: { kubeconfig: "/nowhere" } },
      },
      bandwidth,
    ],
  }),
};

export const hasPlugins = ({ plugins }: OtherNetwork): boolean =>
  existsSync(cnitool) && hasReference(...Object.values(plugins));

export interface ChainedSite extends Site {
  /** The other's file. */
  original: string;
  /** Ours. */
  copy: string;
  chain(...args: string[]): CommandResult;
  /** The version of the network has CHECK. */
  hasCheck: boolean;
  /** Must succeed. The reference runtime's tool, on whatever network of that name comes first in the folder. */
  tool(
    verb: "add" | "check" | "del",
    pod: string,
    annotations?: Record<string, string>,
    /** CNI_ARGS */
    args?: string,
  ): void;
  /** Writes the other's conflist, in place. */
  rewrite(conflist: Json): void;
}

/** The network is there, with its plugins. */
export const withOtherNetwork = (
  other: OtherNetwork,
  use: (site: ChainedSite) => void | Promise<void>,
): Promise<void> =>
  withSite(async (site) => {
    const { binDir, confDir, root, lab } = site;
    const cache = join(root, "cache");
    for (const folder of [binDir, confDir, cache]) mkdirSync(folder, { recursive: true });
    for (const [name, plugin] of Object.entries(other.plugins))
      symlinkSync(join(toolsFolder, plugin), join(binDir, name));
    other.prepare?.(site);
    const original = join(confDir, other.file);
    const rewrite: ChainedSite["rewrite"] = (conflist) =>
      writeFileSync(original, JSON.stringify(conflist, null, 3));
    rewrite(other.conflist(site));
    const { name, cniVersion } = other.conflist(site) as { name: string; cniVersion: string };
    // libcni and host-local keep what they know in /var/lib/cni: in a mount namespace of its own that is a folder of the test's.
    const hide = `mount -t tmpfs none /var/lib && mkdir /var/lib/cni && mount --bind ${cache} /var/lib/cni && exec "$@"`;
    await use({
      ...site,
      ...{ original, rewrite, hasCheck: cniVersion !== "0.3.1" },
      copy: join(confDir, "00-fairway-chained.conflist"),
      chain: (...args) => site.install("--chain", "--uplink", "uplink", ...capacities, ...args),
      tool: (verb, pod, annotations = {}, args = "") => {
        const argv = ["unshare", "--mount", "sh", "-c", hide, "-", cnitool, verb, name];
        const env = {
          CNI_PATH: binDir,
          NETCONFPATH: confDir,
          CAP_ARGS: JSON.stringify({ "io.kubernetes.cri.pod-annotations": annotations }),
          ...(args === "" ? {} : { CNI_ARGS: args }),
        };
        const done = inNamespace(lab.node, [...argv, namespacePath(pod)], { env });
        if (done.code !== 0) throw new Error(`${verb} of ${pod}: ${done.stdout}${done.stderr}`);
      },
    });
  });
