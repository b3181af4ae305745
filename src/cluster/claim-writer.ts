/** Writes the status of claims: one request at a time, and once for each thing there is to say. */
import type { KubeClient } from "../kube/client.ts";
import { isConflict, isMissing } from "../kube/kube-error.ts";
import { Asking, type AskingOptions } from "./asking.ts";
import type { ClaimStatus } from "./claim-status.ts";

export interface ClaimWriterOptions extends AskingOptions {
  client: KubeClient;
  signal: AbortSignal;
}

const betweenMs = 50;

export class ClaimWriter {
  readonly #options: ClaimWriterOptions;
  readonly #asking: Asking;
  /** What was said of each claim, by uid. */
  readonly #said = new Map<string, string>();

  constructor(options: ClaimWriterOptions) {
    this.#options = options;
    this.#asking = new Asking(options);
  }

  /** It waits for nothing. What was said of a claim stays, whatever becomes of its pod: the claim goes with that. */
  see(statuses: readonly ClaimStatus[]): void {
    const known = new Set(statuses.map(({ claimUid }) => claimUid));
    for (const claimUid of this.#said.keys()) if (!known.has(claimUid)) this.#said.delete(claimUid);
    const due = statuses.find(
      ({ claimUid, object }) => this.#said.get(claimUid) !== JSON.stringify(object),
    );
    if (due !== undefined && this.#asking.isFree) void this.#asking.ask(() => this.#write(due));
  }

  async #write({ claimUid, path, object }: ClaimStatus): Promise<void> {
    const { client, signal, wakeIn } = this.#options;
    try {
      await client.apply(path, object, signal);
    } catch (error) {
      // It was deleted under its pod, or is another one of that name by now.
      if (!isMissing(error) && !isConflict(error)) throw error;
    }
    this.#said.set(claimUid, JSON.stringify(object));
    wakeIn(betweenMs);
  }
}
