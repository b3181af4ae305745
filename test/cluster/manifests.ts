/** Manifests of what the tests run. Pure. */
import { busyboxImage } from "./images.ts";
import type { Json } from "./kubectl.ts";

export interface PodOptions {
  /** The node that it is bound to; else the scheduler chooses. */
  node?: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  /** For the shell. */
  command?: string;
  restartPolicy?: "Always" | "Never";
}

/** Until it is told to end, which it does at once. */
const wait = "trap 'exit 0' TERM; sleep 1000000 & wait";

function template(options: PodOptions): { metadata: Json; spec: Json } {
  const { node, annotations = {}, labels = {}, command = wait, restartPolicy } = options;
  return {
    metadata: { annotations, labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      containers: [{ name: "main", image: busyboxImage, command: ["sh", "-c", command] }],
    },
  };
}

export function pod(name: string, options: PodOptions = {}): Json {
  const { metadata, spec } = template(options);
  const full = { ...metadata, name, namespace: "default" };
  return { apiVersion: "v1", kind: "Pod", metadata: full, spec };
}

const replicated = (kind: string, name: string, replicas: number, options: PodOptions): Json => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: template({ ...options, labels: { ...options.labels, app: name } }),
    ...(kind === "StatefulSet" ? { serviceName: name } : {}),
  },
});

export const deployment = (name: string, replicas: number, options: PodOptions = {}): Json =>
  replicated("Deployment", name, replicas, options);

export const statefulSet = (name: string, replicas: number, options: PodOptions = {}): Json =>
  replicated("StatefulSet", name, replicas, options);

export const egress = (rate: string): Record<string, string> => ({
  "fairway.dev/egress-guarantee": rate,
});

export const bandwidthClass = (name: string, spec: object): Json => ({
  apiVersion: "fairway.dev/v1alpha1",
  kind: "BandwidthClass",
  metadata: { name },
  spec,
});
