/**
 * Compares the pods of the API server with the ledger's attachments, again and again. What it decides follows
 * from both; what it remembers is only what was told and what was refused.
 */
import type { RecordedAttachment } from "../ledger/attachment-rows.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { attachmentName, type PodAsks } from "../plan/node.ts";
import type { Happened } from "./event-log.ts";
import { changeLiving } from "./live.ts";
import { type PodSeen, podKey } from "./pod-seen.ts";
import { attachmentsOf, wantedOf } from "./wanted.ts";
import { isPromised, onNetwork, overrideWords, promiseWords } from "./words.ts";

export interface PodsOptions {
  tell(happened: Happened): void;
  /** When the agent may try again what others kept it from. */
  busyMs: number;
}

/** Pods that started longer ago were told by the agent before this one. */
const assignedMs = 30 * 60_000;
/** What the node has no room for is tried again this often. */
const refusedAgainMs = 30_000;
/** The node is not to be changed for now. */
const notNowMs = 1_000;
/** One attachment changes no more often: each change looks at the whole node. */
const holdMs = 1_000;

interface Refused {
  asked: string;
  /** As it was told first: the numbers in it may be others each time, and the event is to be the same. */
  note: string;
  isFinal: boolean;
  atMs: number;
}

interface Memory {
  /** What `fairway set` put over it when it was seen last. */
  overrides: string;
  refused: Refused | null;
  changedAtMs: number | null;
  /** What was said of its address, or of too many annotations. */
  toldAddress: string;
}

interface Pair {
  pod: PodSeen;
  row: RecordedAttachment;
  /** Said of its events where the pod has several attachments. */
  where: string;
}

/** What a round leaves to do. */
export interface Round {
  /** Whether there is more to change at once. */
  isMore: boolean;
  /** When to come back, at the latest; null means that nothing waits. */
  againMs: number | null;
}

const overridesOf = ({ asks }: RecordedAttachment): string =>
  asks.overrides === null ? "" : overrideWords(asks.overrides);

export class Pods {
  readonly #options: PodsOptions;
  readonly #memory = new Map<string, Memory>();

  constructor(options: PodsOptions) {
    this.#options = options;
  }

  /** It changes one attachment at most, and waits for nobody. Throws what the ledger throws. */
  round(ledger: Ledger, pods: readonly PodSeen[], mayChange: () => boolean, nowMs: number): Round {
    const rows = ledger.attachments.all();
    const pairs = pairsOf(pods, rows).filter(({ row }) => row.phase === "ready");
    this.#forget(rows);
    let [againMs, isMore, hasChanged]: [number | null, boolean, boolean] = [null, false, false];
    const later = (atMs: number): void => {
      againMs = againMs === null ? atMs : Math.min(againMs, atMs);
    };
    for (const pair of pairs) {
      const memory = this.#see(pair);
      if (pair.pod.isEnding) continue;
      const asks = this.#due(pair, memory, nowMs, later);
      if (asks === null) continue;
      if (hasChanged) isMore = true;
      else if (!mayChange()) {
        later(nowMs + notNowMs);
        break;
      } else {
        hasChanged = true;
        this.#change(ledger, pair, memory, asks, nowMs, later);
      }
    }
    return { isMore, againMs };
  }

  #forget(rows: readonly RecordedAttachment[]): void {
    const names = new Set(rows.map(attachmentName));
    for (const name of this.#memory.keys()) if (!names.has(name)) this.#memory.delete(name);
  }

  #tell(
    pair: Pair,
    type: Happened["type"],
    [reason, action]: [string, string],
    note: string,
  ): void {
    const { namespace, name, uid } = pair.pod;
    const regarding = { apiVersion: "v1", kind: "Pod", namespace, name, uid };
    this.#options.tell({ regarding, type, reason, action, note: `${note}${pair.where}` });
  }

  /** Tells what is new of it. */
  #see(pair: Pair): Memory {
    const { row, pod } = pair;
    const overrides = overridesOf(row);
    const key = attachmentName(row);
    const known = this.#memory.get(key);
    if (known === undefined) {
      const memory = { overrides, refused: null, changedAtMs: null, toldAddress: "" };
      this.#memory.set(key, memory);
      const isNew = Date.now() - row.createdAtMs < assignedMs && !pod.isEnding;
      if (isNew && isPromised(row.promise))
        this.#tell(pair, "Normal", ["BandwidthAssigned", "Assign"], promiseWords(row.promise));
      if (overrides !== "") this.#tellOverride(pair, overrides);
      return memory;
    }
    if (known.overrides !== overrides) {
      known.overrides = overrides;
      if (overrides !== "") this.#tellOverride(pair, overrides);
      else
        this.#tell(
          pair,
          "Normal",
          ["BandwidthResized", "Resize"],
          `what the node's operator had set is taken back: ${promiseWords(row.promise)}`,
        );
    }
    return known;
  }

  #tellOverride(pair: Pair, overrides: string): void {
    const words = `the node's operator has set ${overrides} over the pod's annotations (fairway set): ${promiseWords(pair.row.promise)}`;
    this.#tell(pair, "Normal", ["BandwidthOverridden", "Override"], words);
  }

  /** What it is to be asked for now; null means that there is nothing to change, or not yet. */
  #due(pair: Pair, memory: Memory, nowMs: number, later: (atMs: number) => void): PodAsks | null {
    const { pod, row } = pair;
    if (pod.excess !== null) {
      this.#tellOnce(
        pair,
        memory,
        ["BandwidthRejected", "Resize"],
        `the pod keeps what it has: its annotations for Fairway have ${pod.excess} characters, which is more than can mean anything`,
      );
      return null;
    }
    const { asks, addresses } = wantedOf(pod, row);
    const stays = `a living pod keeps its address, whatever ${addresses.join(" and ")} says now: recreate the pod`;
    this.#tellOnce(
      pair,
      memory,
      ["AddressNotChanged", "Resize"],
      addresses.length === 0 ? "" : stays,
    );
    if (asks === null) {
      memory.refused = null;
      return null;
    }
    const dueMs = dueAtMs(memory, textOf(asks));
    if (dueMs > nowMs) {
      if (dueMs !== Number.POSITIVE_INFINITY) later(dueMs);
      return null;
    }
    return asks;
  }

  #tellOnce(pair: Pair, memory: Memory, what: [string, string], note: string): void {
    if (memory.toldAddress === note) return;
    memory.toldAddress = note;
    if (note !== "") this.#tell(pair, "Warning", what, note);
  }

  #change(
    ledger: Ledger,
    pair: Pair,
    memory: Memory,
    asks: PodAsks,
    nowMs: number,
    later: (atMs: number) => void,
  ): void {
    const { row } = pair;
    const changed = changeLiving(ledger, row, asks);
    switch (changed.state) {
      case "later":
        later(nowMs + this.#options.busyMs);
        return;
      case "gone":
        return;
      case "changed": {
        memory.refused = null;
        memory.changedAtMs = nowMs;
        const [before, after] = [promiseWords(changed.before), promiseWords(changed.after)];
        if (before !== after)
          this.#tell(pair, "Normal", ["BandwidthResized", "Resize"], `${after}; before: ${before}`);
        else if (memory.overrides !== "") this.#tellOverride(pair, memory.overrides);
        return;
      }
      case "refused": {
        const asked = textOf(asks);
        const note =
          memory.refused?.asked === asked
            ? memory.refused.note
            : `the pod keeps what it has (${promiseWords(row.promise)}): ${changed.words}`;
        memory.refused = { asked, note, isFinal: changed.isFinal, atMs: nowMs };
        this.#tell(pair, "Warning", ["BandwidthRejected", "Resize"], note);
        if (!changed.isFinal) later(nowMs + refusedAgainMs);
      }
    }
  }
}

const textOf = ({ annotations, bandwidth }: PodAsks): string =>
  JSON.stringify([annotations, bandwidth]);

function dueAtMs({ refused, changedAtMs }: Memory, asked: string): number {
  if (refused?.asked === asked)
    return refused.isFinal ? Number.POSITIVE_INFINITY : refused.atMs + refusedAgainMs;
  return Math.max(changedAtMs ?? 0, refused?.atMs ?? 0) === 0
    ? 0
    : Math.max(changedAtMs ?? 0, refused?.atMs ?? 0) + holdMs;
}

function pairsOf(pods: readonly PodSeen[], rows: readonly RecordedAttachment[]): Pair[] {
  const byPod = Map.groupBy(rows, ({ podNamespace, podName }) =>
    podKey({ namespace: podNamespace ?? "default", name: podName ?? "" }),
  );
  return pods.flatMap((pod) => {
    const own = attachmentsOf(pod, byPod.get(podKey(pod)) ?? []);
    const networks = new Set(own.map(({ network }) => network));
    return own.map((row) => ({ pod, row, where: onNetwork(row.network, networks.size === 1) }));
  });
}
