/**
 * Keeps the node's ResourceSlice: one that was deleted is made anew (a kubelet that starts deletes all of its node), one
 * that says something else is put right, and where claims are not to be told anything it is taken away.
 */
import type { KubeClient } from "../kube/client.ts";
import { isMissing } from "../kube/kube-error.ts";
import type { TreeSettings } from "../plan/node.ts";
import { Asking, type AskingOptions } from "./asking.ts";
import type { CapacityTold } from "./capacity-told.ts";
import type { NodeSeen } from "./node-object.ts";
import { notThisMachine } from "./node-told.ts";
import {
  devicesOf,
  type SliceSeen,
  type SliceWanted,
  sliceName,
  sliceResource,
  sliceWanted,
} from "./slice-object.ts";

export interface SlicesOptions extends AskingOptions {
  client: KubeClient;
  bootId: string;
  signal: AbortSignal;
}

/** No more often than the Node's resources, for the same reasons (capacity.ts). */
const [firstMs, againMs] = [1_000, 4_000];

export class Slices {
  readonly #options: SlicesOptions;
  readonly #asking: Asking;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  /** A pool that is made anew goes on from its last generation, as far as this process knows it. */
  #generation = 0;

  constructor(options: SlicesOptions) {
    this.#options = options;
    this.#asking = new Asking(options);
  }

  /** It waits for nothing. `slices` are those of our driver on this node. */
  see(node: NodeSeen, slices: readonly SliceSeen[], trees: TreeSettings, told: CapacityTold): void {
    if (notThisMachine(node, this.#options.bootId) !== null || !this.#asking.isFree) return;
    const due = this.#due(node, slices, devicesOf(trees, told));
    if (due === null) return;
    const nowMs = performance.now();
    const dueMs = this.#writtenAtMs + (due.isFirst ? firstMs : againMs);
    if (nowMs < dueMs) this.#options.wakeIn(dueMs - nowMs);
    else void this.#asking.ask(due.act);
  }

  #due(
    node: NodeSeen,
    slices: readonly SliceSeen[],
    devices: ReturnType<typeof devicesOf>,
  ): { isFirst: boolean; act: () => Promise<void> } | null {
    const name = sliceName(node.name);
    const own = slices.find((slice) => slice.name === name) ?? null;
    const surplus = slices.find((slice) => slice.name !== name || devices === null);
    if (surplus !== undefined) return { isFirst: true, act: () => this.#remove(surplus) };
    if (devices === null) return null;
    this.#generation = Math.max(this.#generation, own?.generation ?? 0);
    const seen = own ?? { name, uid: "", content: "", generation: this.#generation };
    const wanted = sliceWanted(node, devices, seen);
    return wanted === null ? null : { isFirst: own === null, act: () => this.#apply(wanted) };
  }

  async #apply({ name, object, generation }: SliceWanted): Promise<void> {
    const { client, signal } = this.#options;
    this.#writtenAtMs = performance.now();
    this.#generation = generation;
    await client.apply(`${sliceResource.path}/${name}`, object, signal);
    // The watch tells what has become of it.
    this.#asking.pause(1_000);
  }

  async #remove({ name, uid }: SliceSeen): Promise<void> {
    const { client, signal } = this.#options;
    this.#writtenAtMs = performance.now();
    try {
      await client.remove(`${sliceResource.path}/${name}`, uid, signal);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    this.#asking.pause(1_000);
  }
}
