/** Nodes and pods as an API server has them, for tests of what is made of them. */
import type { Json } from "../../../src/kube/objects.ts";

interface NodeOptions {
  /** What an agent published; absent where none did. */
  allocatable?: { egress: string; ingress: string };
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  taints?: Json[];
  isReady?: boolean;
  isCordoned?: boolean;
}

/** As an agent writes them. */
export const shares = (capacity: string, promised: string, free: string): Record<string, string> =>
  Object.fromEntries(
    ["egress", "ingress"].flatMap((direction) => [
      [`fairway.dev/${direction}-capacity`, capacity],
      [`fairway.dev/${direction}-promised`, promised],
      [`fairway.dev/${direction}-free`, free],
    ]),
  );

export function nodeObject(name: string, options: NodeOptions = {}): Json {
  const { allocatable, annotations = {}, labels = {}, taints = [], isReady = true } = options;
  return {
    metadata: { name, uid: `uid-of-${name}`, annotations, labels },
    spec: { taints, ...(options.isCordoned === true && { unschedulable: true }) },
    status: {
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
      allocatable:
        allocatable === undefined
          ? {}
          : {
              "fairway.dev/egress-mbps": allocatable.egress,
              "fairway.dev/ingress-mbps": allocatable.ingress,
            },
    },
  };
}

interface PodOptions {
  node?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Of its first container. */
  egressMbps?: number;
  phase?: string;
  spec?: Json;
  status?: Json;
}

export function podObject(name: string, options: PodOptions = {}): Json {
  const { node, namespace = "default", labels = {}, annotations = {}, egressMbps } = options;
  const requests = egressMbps === undefined ? {} : { "fairway.dev/egress-mbps": `${egressMbps}` };
  return {
    metadata: { name, namespace, uid: `uid-of-${name}`, labels, annotations },
    spec: {
      ...(node !== undefined && { nodeName: node }),
      containers: [{ name: "main", image: "none", resources: { requests, limits: requests } }],
      ...options.spec,
    },
    status: { phase: options.phase ?? "Running", ...options.status },
  };
}

interface AgentOptions {
  version?: string;
  isReady?: boolean;
  port?: number;
  name?: string;
}

export const agentObject = (node: string, options: AgentOptions = {}): Json => ({
  metadata: {
    ...{
      name: options.name ?? `fairway-of-${node}`,
      namespace: "kube-system",
      uid: `agent-${node}`,
    },
    labels: {
      "app.kubernetes.io/name": "fairway",
      "app.kubernetes.io/version": options.version ?? "0.1.0",
    },
  },
  spec: {
    nodeName: node,
    hostNetwork: true,
    containers: [
      {
        name: "agent",
        args: ["agent", "--cluster"],
        ports: options.port === undefined ? [] : [{ name: "metrics", containerPort: options.port }],
      },
    ],
  },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: options.isReady === false ? "False" : "True" }],
  },
});

export const deploymentObject = (
  name: string,
  replicas: number,
  options: { egressMbps?: number; annotations?: Record<string, string>; strategy?: Json } = {},
): Json => {
  const { metadata, spec } = podObject(name, { ...options, labels: { app: name } });
  return {
    metadata: { name, namespace: "default", uid: `uid-of-${name}` },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...(options.strategy !== undefined && { strategy: options.strategy }),
      template: { metadata, spec },
    },
  };
};
