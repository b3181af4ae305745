/** Keeps what the agent says of its own Node: one request at a time, and no more often than anybody needs. */

import { messageOf } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isConflict, KubeError } from "../kube/kube-error.ts";
import { pauseMs } from "../kube/pause.ts";
import type { NodeSeen } from "./node-object.ts";
import { differs, notThisMachine, untaint } from "./node-told.ts";

export interface NodeWriterOptions {
  client: KubeClient;
  bootId: string;
  signal: AbortSignal;
  onTrouble(trouble: string | null): void;
  /** Called with why the Node is another machine's, and with null when it is not. */
  onOther(words: string | null): void;
  /** When it may write again. */
  wakeIn(ms: number): void;
  /** Called when the taint was taken away. */
  onUntainted(): void;
}

/** The annotations are for people and for schedulers, who do not look more often. */
const writtenMs = 10_000;

export class NodeWriter {
  readonly #options: NodeWriterOptions;
  #isAsking = false;
  #failures = 0;
  #nextMs = 0;
  #appliedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: NodeWriterOptions) {
    this.#options = options;
  }

  /** It waits for nothing. */
  see(node: NodeSeen, annotations: Record<string, string>, isReady: boolean): void {
    if (this.#isAsking) return;
    const nowMs = performance.now();
    if (nowMs < this.#nextMs) {
      this.#options.wakeIn(this.#nextMs - nowMs);
      return;
    }
    const other = notThisMachine(node, this.#options.bootId);
    this.#options.onOther(other);
    if (other !== null) return;
    const patch = isReady ? untaint(node) : null;
    if (patch !== null) void this.#ask(() => this.#untaint(node, patch));
    else if (differs(node, annotations)) {
      const dueMs = this.#appliedAtMs + writtenMs;
      if (nowMs < dueMs) this.#options.wakeIn(dueMs - nowMs);
      else void this.#ask(() => this.#apply(node, annotations));
    }
  }

  async #ask(act: () => Promise<void>): Promise<void> {
    this.#isAsking = true;
    try {
      await act();
      this.#failures = 0;
      this.#options.onTrouble(null);
    } catch (error) {
      // Somebody else has changed the Node meanwhile, and we are about to hear of it.
      const isRace = isConflict(error) || (error instanceof KubeError && error.status === 422);
      this.#failures += 1;
      if (!isRace || this.#failures > 3) this.#options.onTrouble(messageOf(error));
      const pause = pauseMs(this.#failures, Math.random());
      this.#nextMs = performance.now() + pause;
      this.#options.wakeIn(pause);
    } finally {
      this.#isAsking = false;
    }
  }

  async #untaint({ name }: NodeSeen, patch: unknown[]): Promise<void> {
    const { client, signal, onUntainted } = this.#options;
    await client.patch(`/api/v1/nodes/${name}`, "json", patch, signal);
    // The watch tells what has become of it.
    this.#nextMs = performance.now() + 1_000;
    onUntainted();
  }

  async #apply({ name, uid }: NodeSeen, annotations: Record<string, string>): Promise<void> {
    const { client, signal } = this.#options;
    this.#appliedAtMs = performance.now();
    // With its uid a Node that has been deleted meanwhile is not made again.
    const object = { apiVersion: "v1", kind: "Node", metadata: { name, uid, annotations } };
    await client.apply(`/api/v1/nodes/${name}`, object, signal);
  }
}
