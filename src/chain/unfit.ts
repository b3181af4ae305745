/**
 * The plugins behind which Fairway's promises would not hold, by what is known of them: docs/platforms.md has the
 * sources. Pure.
 */

export interface Unfit {
  why: string;
  todo: string;
}

const verdicts = "docs/platforms.md says which networks Fairway works behind, and why";

const noPair: Unfit = {
  why: "it gives pods no veth pair with an end on the node's side, and on that end the promises stand",
  todo: verdicts,
};

const openVswitch: Unfit = {
  why: "its pods hang on Open vSwitch, which sends their packets past the queues of a bridge and past netfilter",
  todo: verdicts,
};

const caller: Unfit = {
  why: "it only calls other networks, and takes what it finds in this folder for one of them",
  todo: "put Fairway's plugin behind the network that it calls, by hand: conf/after-bridge.conflist and conf/after-ptp.conflist show how",
};

const unfit: Readonly<Record<string, Unfit>> = {
  "cilium-cni": {
    why: "Cilium's programs at tc and tcx hand pods' packets on past netfilter and past later filters, so nothing of them gets a class",
    todo: `use Cilium's own bandwidth manager for limits; ${verdicts}`,
  },
  multus: caller,
  "multus-shim": caller,
  macvlan: noPair,
  ipvlan: noPair,
  "host-device": noPair,
  sriov: noPair,
  ovs: openVswitch,
  antrea: openVswitch,
  "kube-ovn": openVswitch,
  "ovn-k8s-cni-overlay": openVswitch,
};

/** null means that nothing is known against it. */
export const unfitType = (type: string): Unfit | null =>
  Object.hasOwn(unfit, type) ? (unfit[type] ?? null) : null;

/**
 * The devices that a network makes on the node for a data path in which Fairway's classes do not count. The
 * conflist does not tell it of Calico, whose plugin is the same for all of its data paths.
 */
const signs: Readonly<Record<string, string>> = {
  cilium_host: "Cilium, whose programs hand pods' packets on past netfilter and past later filters",
  "bpfin.cali":
    "Calico's eBPF data path, whose programs hand pods' packets on past netfilter and past the pods' host interfaces",
};

/** Says in words whose device it is; null means that it is no sign. */
export const dataPathOf = (device: string): string | null =>
  Object.hasOwn(signs, device) ? (signs[device] ?? null) : null;
