/** How the parts of a cluster are called. Pure. */
import type { Keys } from "./keys.ts";
import type { Part } from "./machine/machine.ts";
import { addresses } from "./names.ts";
import { kubernetesPart } from "./tools.ts";

export interface EtcdPlaces {
  data: string;
  /** Ports on the loopback interface. */
  client: number;
  peer: number;
}

/** Nothing of it has to outlive the machine: a write waits for no disk. */
export function etcdConfig({ data, client, peer }: EtcdPlaces): string {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return JSON.stringify({
    name: "one",
    "data-dir": data,
    "listen-client-urls": clients,
    "advertise-client-urls": clients,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `one=${peers}`,
    "unsafe-no-fsync": true,
    "log-level": "warn",
    "log-outputs": ["stderr"],
  });
}

export const etcd = (config: string): Part => ({
  name: "etcd",
  argv: kubernetesPart("etcd", config),
});

export interface ApiServerPlaces {
  keys: Keys;
  etcdPort: number;
  address: string;
  port: number;
  /** More options, which come last. */
  more?: readonly string[];
}

export const kubeApiserver = (places: ApiServerPlaces): Part => ({
  name: "kube-apiserver",
  argv: kubernetesPart(
    "kube-apiserver",
    `--etcd-servers=http://127.0.0.1:${places.etcdPort}`,
    `--bind-address=${places.address}`,
    `--secure-port=${places.port}`,
    `--tls-cert-file=${places.keys.server}`,
    `--tls-private-key-file=${places.keys.serverKey}`,
    `--cert-dir=${places.keys.folder}`,
    `--token-auth-file=${places.keys.tokens}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${places.keys.accounts}`,
    `--service-account-signing-key-file=${places.keys.accountsKey}`,
    `--service-cluster-ip-range=${addresses.services}`,
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
    // The address of a service leads to the API server itself, see control.ts.
    "--endpoint-reconciler-type=none",
    "--profiling=false",
    ...(places.more ?? []),
  ),
});

const leader = "--leader-elect=false";

export const controllerManager = (kubeconfig: string, keys: Keys): Part => ({
  name: "kube-controller-manager",
  argv: kubernetesPart(
    "kube-controller-manager",
    `--kubeconfig=${kubeconfig}`,
    leader,
    `--service-account-private-key-file=${keys.accountsKey}`,
    `--root-ca-file=${keys.ca}`,
    "--use-service-account-credentials=true",
    "--allocate-node-cidrs=true",
    `--cluster-cidr=${addresses.pods}`,
    "--node-cidr-mask-size=24",
    `--service-cluster-ip-range=${addresses.services}`,
    "--secure-port=0",
  ),
});

export const scheduler = (kubeconfig: string): Part => ({
  name: "kube-scheduler",
  argv: kubernetesPart("kube-scheduler", `--kubeconfig=${kubeconfig}`, leader, "--secure-port=0"),
});

export const containerd = (config: string): Part => ({
  name: "containerd",
  argv: ["containerd", "-c", config],
});

export interface KubeletPlaces {
  config: string;
  kubeconfig: string;
  node: string;
  address: string;
  /** Taints that the node is born with, "key=value:Effect". */
  taints: readonly string[];
}

export const kubelet = ({ config, kubeconfig, node, address, taints }: KubeletPlaces): Part => ({
  name: "kubelet",
  argv: kubernetesPart(
    "kubelet",
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${node}`,
    `--node-ip=${address}`,
    "--root-dir=/var/lib/kubelet",
    "--cert-dir=/var/lib/kubelet/pki",
    ...(taints.length === 0 ? [] : [`--register-with-taints=${taints.join(",")}`]),
    "--v=2",
  ),
});

/** Over its defaults: what the namespaces and the capabilities of the tests want. */
export const kubeletConfig = (): string =>
  JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    // It refuses to start where the kernel's settings are others, in place of setting them (boot.sh).
    protectKernelDefaults: true,
    makeIPTablesUtilChains: false,
    staticPodPath: "/etc/kubernetes/manifests",
    resolvConf: "",
    // Without CAP_SYS_RESOURCE neither could be raised.
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    maxPods: 250,
    // The disk and the memory are also others'.
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "0%",
      "imagefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.inodesFree": "0%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    shutdownGracePeriod: "0s",
  });
