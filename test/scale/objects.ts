/** What is made of a plan, and what is read back of it, as the API has them. Pure. */
import { annotationKeys } from "../../src/config/annotations.ts";
import { parseGuaranteeBits } from "../../src/config/quantities.ts";
import { mbpsUp, resourceNames } from "../../src/config/resources.ts";
import { isObject, type Json, textsOf } from "../../src/kube/objects.ts";
import { type Direction, directions } from "../../src/plan/node.ts";
import type { FoundPod } from "./check.ts";
import type { Mbps, PlannedNode, PlannedPod } from "./plan.ts";

const perResource = (mbps: Mbps): Record<string, string> =>
  Object.fromEntries(
    directions
      .filter((direction) => mbps[direction] > 0)
      .map((direction) => [resourceNames[direction], String(mbps[direction])]),
  );

/** As its kubelet registers it; and with `isCounted` as its agent publishes it. */
export function nodeObject({ name, mbps }: PlannedNode, isCounted: boolean): Json {
  const room = {
    ...{ cpu: "64", memory: "256Gi", pods: "250" },
    ...(isCounted && perResource(mbps)),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    status: {
      capacity: room,
      allocatable: room,
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
}

/** With its promise as annotations; and with `isCounted` with the requests that admission makes of them. */
export function podObject({ name, mbps }: PlannedPod, isCounted: boolean): Json {
  const ours = isCounted ? perResource(mbps) : {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      annotations: Object.fromEntries(
        directions
          .filter((direction) => mbps[direction] > 0)
          .map((direction) => [annotationKeys.guarantee[direction], `${mbps[direction]}M`]),
      ),
    },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          ...{ name: "main", image: "none" },
          resources: { requests: { cpu: "1", memory: "4Gi", ...ours }, limits: ours },
        },
      ],
    },
  };
}

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** A whole quantity as the API server writes it: 2000 is "2k". */
export function wholeOf(text: string): number {
  const [, digits = "", suffix = ""] = /^(\d+)([kMG]?)$/.exec(text) ?? [];
  const factor = factors[suffix];
  if (digits === "" || factor === undefined) throw new Error(`"${text}" is no whole quantity`);
  return Number(digits) * factor;
}

const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): Json[] =>
  Array.isArray(value) ? (value as unknown[]).map(object) : [];

const mbpsIn = (resources: Readonly<Record<string, string>>): Mbps => ({
  egress: wholeOf(resources[resourceNames.egress] ?? "0"),
  ingress: wholeOf(resources[resourceNames.ingress] ?? "0"),
});

/** What the API server has of a node's bandwidth, for the scheduler. */
export function foundNode(node: Json): PlannedNode {
  return {
    name: String(object(node.metadata).name),
    mbps: mbpsIn(textsOf(object(node.status).allocatable)),
  };
}

/** What it is promised is read of its requests where they count, and else of its annotations. */
export function foundPod(pod: Json, isCounted: boolean): FoundPod {
  const [metadata, spec] = [object(pod.metadata), object(pod.spec)];
  const annotations = textsOf(metadata.annotations);
  const promised = (direction: Direction): number => {
    const key = annotationKeys.guarantee[direction];
    return mbpsUp(parseGuaranteeBits(annotations[key] ?? "0", key));
  };
  const requests = list(spec.containers).map(({ resources }) =>
    mbpsIn(textsOf(object(object(resources).requests))),
  );
  const sum = (direction: Direction): number =>
    requests.reduce((all, each) => all + each[direction], 0);
  const of = isCounted ? sum : promised;
  const condition = list(object(pod.status).conditions).find(
    ({ type, status, reason }) =>
      type === "PodScheduled" && status === "False" && reason === "Unschedulable",
  );
  return {
    name: String(metadata.name),
    mbps: { egress: of("egress"), ingress: of("ingress") },
    node: typeof spec.nodeName === "string" ? spec.nodeName : null,
    why: typeof condition?.message === "string" ? condition.message : null,
  };
}
