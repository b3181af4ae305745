/** The control plane: a machine of its own with etcd, API server, controllers and scheduler. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/prove/lab/run.ts";
import { admin, type Keys, kubeconfigOf, makeKeys, nodeUser, type User } from "./keys.ts";
import { type Kubectl, kubectlOf } from "./kubectl.ts";
import type { Machine } from "./machine/machine.ts";
import { addresses } from "./names.ts";
import { controllerManager, etcd, etcdConfig, kubeApiserver, scheduler } from "./parts.ts";

export interface Control extends Kubectl {
  machine: Machine;
  keys: Keys;
  /** Where the API server is asked. */
  url: string;
  /** The administrator's, for programs on any machine. */
  kubeconfig: string;
  kubeconfigOf(user: User): string;
  /** One of its parts, which was ended. */
  start(part: ControlPart): Promise<void>;
  end(part: ControlPart, signal: string): Promise<void>;
  /** etcd and the API server, until it says that it is ready. */
  startApi(): Promise<void>;
  startRest(): Promise<void>;
}

type ControlPart = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

const etcdPorts = { client: 2379, peer: 2380 };
/** Of a service, too: pods and nodes reach the API server by both addresses without any translation. */
const port = 443;
const url = `https://${addresses.control}:${port}`;

export function controlOf(machine: Machine, nodes: readonly string[]): Control {
  const file = (name: string): string => join(machine.disk, name);
  const keys = makeKeys(
    file("keys"),
    [
      ...[`IP:${addresses.control}`, `IP:${addresses.service}`, "IP:127.0.0.1"],
      ...["DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"],
    ],
    [admin, ...nodes.map(nodeUser)],
  );
  const kubeconfig = file("admin.kubeconfig");
  const configOf = (user: User): string => kubeconfigOf(url, keys.ca, user);
  writeFileSync(kubeconfig, configOf(admin));
  writeFileSync(file("etcd.yaml"), etcdConfig({ data: "/var/lib/etcd/data", ...etcdPorts }));
  const parts = {
    etcd: etcd(file("etcd.yaml")),
    "kube-apiserver": kubeApiserver({
      ...{ keys, etcdPort: etcdPorts.client, address: "0.0.0.0", port },
      // A webhook is reached by the endpoints of its Service, since nobody translates the Service's address.
      more: [`--advertise-address=${addresses.control}`, "--enable-aggregator-routing=true"],
    }),
    "kube-controller-manager": controllerManager(kubeconfig, keys),
    "kube-scheduler": scheduler(kubeconfig),
  };
  const start: Control["start"] = (part) => machine.start(parts[part]);
  const kubectl = kubectlOf((argv, options) =>
    machine.run(argv, {
      ...options,
      env: { KUBECONFIG: kubeconfig, HOME: machine.disk, ...options?.env },
    }),
  );
  return {
    ...kubectl,
    ...{ machine, keys, url, kubeconfig, kubeconfigOf: configOf, start },
    end: (part, signal) => machine.end(part, signal),
    startApi: async () => {
      must([
        "ip",
        "-n",
        machine.namespace,
        "address",
        "add",
        `${addresses.service}/32`,
        "dev",
        "eth0",
      ]);
      await start("etcd");
      await start("kube-apiserver");
      await kubectl.until("the API server is ready", async () => {
        const { code } = await kubectl.tryKubectl(["get", "--raw", "/readyz"]);
        return code === 0;
      });
    },
    startRest: async () => {
      await Promise.all([start("kube-controller-manager"), start("kube-scheduler")]);
    },
  };
}
