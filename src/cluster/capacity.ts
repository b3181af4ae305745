/**
 * Tells the scheduler what the node can still promise, and keeps it told: a Node that was made anew has lost it, and
 * a kubelet that starts for the first time sets it to 0. Where nothing is known of the node, what the Node says stays.
 */
import type { KubeClient } from "../kube/client.ts";
import { Asking, type AskingOptions } from "./asking.ts";
import { type CapacityTold, type StatusPatch, shortWords, statusPatch } from "./capacity-told.ts";
import type { Happened } from "./event-log.ts";
import type { NodeSeen } from "./node-object.ts";
import { notThisMachine } from "./node-told.ts";

export interface CapacityOptions extends AskingOptions {
  client: KubeClient;
  bootId: string;
  signal: AbortSignal;
  /** Tells it as an event of the Node. */
  happened(event: Happened): void;
}

/**
 * So long after the last time something is taken away, and something is given. What is too much may bring a pod
 * that the node has to refuse; what is too little keeps one waiting, and may be about to be taken again.
 */
const [lowerMs, raiseMs] = [1_000, 4_000];

export class Capacity {
  readonly #options: CapacityOptions;
  readonly #asking: Asking;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #words: string | null = null;

  constructor(options: CapacityOptions) {
    this.#options = options;
    this.#asking = new Asking(options);
  }

  /** It waits for nothing. */
  see(node: NodeSeen, told: CapacityTold): void {
    if (notThisMachine(node, this.#options.bootId) !== null) return;
    this.#sayShort(node, shortWords(told));
    if (!this.#asking.isFree) return;
    const patch = statusPatch(node, told);
    if (patch === null) return;
    const nowMs = performance.now();
    const dueMs = this.#writtenAtMs + (patch.isLower ? lowerMs : raiseMs);
    if (nowMs < dueMs) this.#options.wakeIn(dueMs - nowMs);
    else void this.#asking.ask(() => this.#write(node, patch));
  }

  async #write({ name }: NodeSeen, { body }: StatusPatch): Promise<void> {
    const { client, signal } = this.#options;
    this.#writtenAtMs = performance.now();
    await client.patch(`/api/v1/nodes/${name}/status`, "merge", body, signal);
  }

  #sayShort({ name, uid }: NodeSeen, words: string | null): void {
    if (this.#words === words) return;
    this.#words = words;
    if (words === null) return;
    this.#options.happened({
      regarding: { apiVersion: "v1", kind: "Node", namespace: "", name, uid },
      type: "Warning",
      reason: "BandwidthBelowRequests",
      action: "Publish",
      note: words,
    });
  }
}
