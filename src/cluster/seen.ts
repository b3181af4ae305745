/** What the API server has of this node: its pods, the Node itself, its slices, and the classes. Each is followed as a whole. */
import { driverName } from "../dra/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import { isMissing, type KubeError } from "../kube/kube-error.ts";
import { type ClassSeen, classResource, readClass } from "./class-object.ts";
import { type NodeSeen, readNode } from "./node-object.ts";
import { type PodSeen, readPod } from "./pod-seen.ts";
import { readSlice, type SliceSeen, sliceResource } from "./slice-object.ts";
import type { Troubles } from "./told.ts";

export interface SeenOptions {
  client: KubeClient;
  /** The name of the Node object. */
  node: string;
  /** Whether all Nodes are followed, and not this one alone. */
  allNodes: boolean;
  /** Whether the node's slices for dynamic resource allocation are followed. */
  slices: boolean;
  troubles: Troubles;
  signal: AbortSignal;
  onChange(): void;
}

export type ClassesSeen =
  /** The API server has not told them yet. */
  | { state: "unknown" }
  /** The cluster has no such kind. */
  | { state: "undefined" }
  | { state: "seen"; classes: readonly ClassSeen[] };

export class Seen {
  readonly #options: SeenOptions;
  #pods: readonly PodSeen[] | null = null;
  #nodes: readonly NodeSeen[] = [];
  #node: NodeSeen | null = null;
  #classes: ClassesSeen = { state: "unknown" };
  #slices: readonly SliceSeen[] | null = null;

  constructor(options: SeenOptions) {
    this.#options = options;
  }

  /** null means that the API server has not told them yet. */
  get pods(): readonly PodSeen[] | null {
    return this.#pods;
  }

  /** null means that it has not told it yet, or that there is none. */
  get node(): NodeSeen | null {
    return this.#node;
  }

  /** This one alone where not all are followed. */
  get nodes(): readonly NodeSeen[] {
    return this.#nodes;
  }

  get classes(): ClassesSeen {
    return this.#classes;
  }

  /** Those of our driver; null means that the API server has not told them yet, or that they are not followed. */
  get slices(): readonly SliceSeen[] | null {
    return this.#slices;
  }

  /** It ends when the signal is aborted. */
  async follow(): Promise<void> {
    await Promise.all([
      this.#followPods(),
      this.#followNode(),
      this.#followClasses(),
      this.#options.slices ? this.#followSlices() : null,
    ]);
  }

  #trouble(matter: string): (trouble: KubeError | null) => void {
    const { troubles } = this.#options;
    return (trouble) => troubles.about(matter, trouble === null ? null : trouble.message);
  }

  /** Whole pods are asked for: what the scheduler counts for one stands in its specification, and in no metadata. */
  #followPods(): Promise<void> {
    const { client, node, onChange, signal } = this.#options;
    return follow({
      client,
      path: "/api/v1/pods",
      query: { fieldSelector: `spec.nodeName=${node}` },
      read: readPod,
      onChange: (pods) => {
        this.#pods = pods;
        onChange();
      },
      onTrouble: this.#trouble("pods cannot be followed"),
      signal,
    });
  }

  #followNode(): Promise<void> {
    const { client, node, allNodes, troubles, onChange, signal } = this.#options;
    return follow({
      client,
      path: "/api/v1/nodes",
      ...(!allNodes && { query: { fieldSelector: `metadata.name=${node}` } }),
      read: readNode,
      onChange: (nodes) => {
        const own = nodes.find(({ name }) => name === node) ?? null;
        [this.#node, this.#nodes] = [own, nodes];
        const absent = `there is no Node ${node}: --node or NODE_NAME names it, and its kubelet makes it`;
        troubles.about("Node", own === null ? absent : null);
        onChange();
      },
      onTrouble: this.#trouble("the Node cannot be followed"),
      signal,
    });
  }

  /** A cluster without the definition has no classes, and the node keeps what it has. */
  #followClasses(): Promise<void> {
    const { client, onChange, signal } = this.#options;
    const trouble = this.#trouble("BandwidthClasses cannot be followed");
    return follow({
      client,
      path: classResource.path,
      read: readClass,
      onChange: (classes) => {
        this.#classes = { state: "seen", classes };
        onChange();
      },
      onTrouble: (error) => {
        if (isMissing(error) && this.#classes.state === "unknown") {
          this.#classes = { state: "undefined" };
          onChange();
        }
        trouble(isMissing(error) ? null : error);
      },
      signal,
    });
  }

  #followSlices(): Promise<void> {
    const { client, node, onChange, signal } = this.#options;
    return follow({
      client,
      path: sliceResource.path,
      query: { fieldSelector: `spec.driver=${driverName},spec.nodeName=${node}` },
      read: readSlice,
      onChange: (slices) => {
        this.#slices = slices;
        onChange();
      },
      onTrouble: this.#trouble("ResourceSlices cannot be followed"),
      signal,
    });
  }
}
