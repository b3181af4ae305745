/** Keeps what the agent says of its own Node: one request at a time, and no more often than anybody needs. */
import type { KubeClient } from "../kube/client.ts";
import { Asking, type AskingOptions } from "./asking.ts";
import type { NodeSeen } from "./node-object.ts";
import { differs, notThisMachine, untaint } from "./node-told.ts";

export interface NodeWriterOptions extends AskingOptions {
  client: KubeClient;
  bootId: string;
  signal: AbortSignal;
  /** Called with why the Node is another machine's, and with null when it is not. */
  onOther(words: string | null): void;
  /** Called when the taint was taken away. */
  onUntainted(): void;
}

/** The annotations are for people and for schedulers, who do not look more often. */
const writtenMs = 10_000;

export class NodeWriter {
  readonly #options: NodeWriterOptions;
  readonly #asking: Asking;
  #appliedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: NodeWriterOptions) {
    this.#options = options;
    this.#asking = new Asking(options);
  }

  /** It waits for nothing. */
  see(node: NodeSeen, annotations: Record<string, string>, isReady: boolean): void {
    if (!this.#asking.isFree) return;
    const other = notThisMachine(node, this.#options.bootId);
    this.#options.onOther(other);
    if (other !== null) return;
    const patch = isReady ? untaint(node) : null;
    if (patch !== null) void this.#asking.ask(() => this.#untaint(node, patch));
    else if (differs(node, annotations)) {
      const nowMs = performance.now();
      const dueMs = this.#appliedAtMs + writtenMs;
      if (nowMs < dueMs) this.#options.wakeIn(dueMs - nowMs);
      else void this.#asking.ask(() => this.#apply(node, annotations));
    }
  }

  async #untaint({ name }: NodeSeen, patch: unknown[]): Promise<void> {
    const { client, signal, onUntainted } = this.#options;
    await client.patch(`/api/v1/nodes/${name}`, "json", patch, signal);
    // The watch tells what has become of it.
    this.#asking.pause(1_000);
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
