/** What `kubectl fairway` reads of the cluster's nodes and pods. Pure. */
import { type NodeSeen, readNode } from "../../cluster/node-object.ts";
import { amountOf, type CountedMbps, countedMbps } from "../../cluster/scheduler-count.ts";
import { parseRateBits } from "../../config/quantities.ts";
import { isObject, type Json, metaOf, textsOf } from "../../kube/objects.ts";
import { type Direction, directions } from "../../plan/node.ts";

export interface AgentPod {
  namespace: string;
  name: string;
  node: string;
  /** As the chart labels it. */
  version: string | null;
  isReady: boolean;
  /** The port on which it serves its pages; null means that it has none. */
  port: number | null;
}

/** What the agent wrote onto its Node, in bits per second; null where it wrote nothing. */
interface Share {
  capacityBits: number;
  promisedBits: number;
  freeBits: number;
  /** How much more is promised than the node has. */
  shortBits: number;
}

/** What the scheduler counts of a direction, in whole Mbit/s. */
export interface Schedulable {
  allocatableMbps: number;
  countedMbps: number;
}

export type By<T> = Readonly<Record<Direction, T>>;

export interface NodeShown {
  node: NodeSeen;
  isReady: boolean;
  isCordoned: boolean;
  /** null means that no agent is there. */
  agent: AgentPod | null;
  share: By<Share | null>;
  /** null where nothing is published on the Node. */
  schedulable: By<Schedulable | null>;
}

export const by = <T>(of: (direction: Direction) => T): By<T> => ({
  egress: of("egress"),
  ingress: of("ingress"),
});

const objectAt = (object: Json, ...keys: string[]): Json =>
  keys.reduce<Json>((at, key) => {
    const next = at[key];
    return isObject(next) ? next : {};
  }, object);

const listAt = (object: Json, key: string): Json[] => {
  const found = object[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
};

export const nameOfNode = (pod: Json): string | null => {
  const { nodeName } = objectAt(pod, "spec");
  return typeof nodeName === "string" && nodeName !== "" ? nodeName : null;
};

const hasCondition = (object: Json, type: string): boolean =>
  listAt(objectAt(object, "status"), "conditions").some(
    (each) => each.type === type && each.status === "True",
  );

/** By which the chart's pods are known. */
const agentLabel = "app.kubernetes.io/name";
const agentName = "fairway";

/**
 * null means that the pod is no agent's. An agent has its node's network, which tenants cannot have where Pod Security
 * keeps them to "baseline": so none of their pods is asked in an agent's place, whatever its labels say.
 */
function agentIn(pod: Json): AgentPod | null {
  const meta = metaOf(pod);
  const labels = textsOf(objectAt(pod, "metadata").labels);
  const node = nameOfNode(pod);
  const spec = objectAt(pod, "spec");
  const [agent] = listAt(spec, "containers").filter((each) => each.name === "agent");
  if (meta === null || node === null || agent === undefined) return null;
  if (labels[agentLabel] !== agentName || spec.hostNetwork !== true) return null;
  const [port] = listAt(agent, "ports").filter((each) => each.name === "metrics");
  return {
    ...{ namespace: meta.namespace, name: meta.name, node },
    version: labels["app.kubernetes.io/version"] ?? null,
    isReady: hasCondition(pod, "Ready"),
    port: typeof port?.containerPort === "number" ? port.containerPort : null,
  };
}

/** One that is being exchanged stands beside its successor: the one that is ready counts. */
export function agentsIn(pods: readonly Json[]): Map<string, AgentPod> {
  const agents = pods.flatMap((pod) => agentIn(pod) ?? []);
  return new Map(
    agents
      .toSorted((a, b) => Number(a.isReady) - Number(b.isReady))
      .map((agent) => [agent.node, agent]),
  );
}

function rateOf(annotations: Readonly<Record<string, string>>, key: string): number | null {
  const text = annotations[key];
  if (text === undefined) return null;
  try {
    return parseRateBits(text, key);
  } catch {
    return null;
  }
}

function shareOf({ annotations }: NodeSeen, direction: Direction): Share | null {
  const of = (what: string): number | null =>
    rateOf(annotations, `fairway.dev/${direction}-${what}`);
  const [capacityBits, promisedBits, freeBits] = [of("capacity"), of("promised"), of("free")];
  if (capacityBits === null || promisedBits === null || freeBits === null) return null;
  return { capacityBits, promisedBits, freeBits, shortBits: of("short") ?? 0 };
}

/** By node, what the scheduler counts for the pods that are bound to it. */
function countedByNode(pods: readonly Json[]): Map<string, CountedMbps> {
  const counted = new Map<string, CountedMbps>();
  for (const pod of pods) {
    const node = nameOfNode(pod);
    if (node === null) continue;
    const [more, former] = [countedMbps(pod), counted.get(node)];
    counted.set(
      node,
      by((direction) => (former?.[direction] ?? 0) + more[direction]),
    );
  }
  return counted;
}

/** In the order of their names. */
export function nodesShown(nodes: readonly Json[], pods: readonly Json[]): NodeShown[] {
  const [agents, counted] = [agentsIn(pods), countedByNode(pods)];
  const shown = nodes.flatMap((object): NodeShown[] => {
    const meta = metaOf(object);
    if (meta === null) return [];
    const node = readNode(object, meta);
    return [
      {
        node,
        isReady: hasCondition(object, "Ready"),
        isCordoned: objectAt(object, "spec").unschedulable === true,
        agent: agents.get(meta.name) ?? null,
        share: by((direction) => shareOf(node, direction)),
        schedulable: by((direction) => {
          const allocatable = amountOf(node.resources.allocatable[direction] ?? undefined);
          if (allocatable === null) return null;
          return {
            allocatableMbps: allocatable,
            countedMbps: counted.get(meta.name)?.[direction] ?? 0,
          };
        }),
      },
    ];
  });
  return shown.toSorted((a, b) => a.node.name.localeCompare(b.node.name, "en"));
}

/** Of a list of pods. */
export const agentsSelector = { labelSelector: `${agentLabel}=${agentName}` };

export const freeMbps = (schedulable: Schedulable | null): number | null =>
  schedulable === null ? null : schedulable.allocatableMbps - schedulable.countedMbps;

export const isAsked = (ask: CountedMbps): boolean =>
  directions.some((direction) => ask[direction] > 0);
