/**
 * Looks at the classes again and again, from the first scrape on: while nothing waits for anybody who was promised
 * something that is one dump of each tree's classes a second. When nobody scrapes any more it rests.
 */
import { statSync } from "node:fs";
import { FairwayError } from "../errors.ts";
import { NetlinkSocket } from "../kernel/netlink/socket.ts";
import { deviceClasses } from "../kernel/read/device-classes.ts";
import { linkNamed } from "../kernel/read/links.ts";
import { allQdiscs } from "../kernel/read/tc.ts";
import { sleep } from "../kube/follow.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { nothingPromised } from "../ledger/promised.ts";
import { nodePools } from "../node/addresses/node-pools.ts";
import { promisedClasses, treeDevicesOf } from "../node/facts/promised-classes.ts";
import { NodeView } from "../node/reconcile/view.ts";
import type { Counters } from "../plan/counters.ts";
import { classid, hostMinor, rootMinor, tbfHandle } from "../plan/names.ts";
import { type Direction, directions } from "../plan/node.ts";
import { memberOf } from "../promise/held.ts";
import { boundedMembers } from "../promise/latency.ts";
import type { Values } from "./described.ts";
import type { Detail } from "./detail.ts";
import { nodeValues } from "./node-values.ts";
import { type LookAt, type QueueLook, Totals } from "./totals.ts";
import { TreeTotals } from "./tree-totals.ts";

export interface SamplerOptions {
  detail: Detail;
  /** null means that there is none yet. Throws what the ledger throws. */
  ledger: () => Ledger | null;
  /** Whether verbs wait, which go before. */
  isBusy: () => boolean;
  signal: AbortSignal;
}

/** Between two looks: while something waits, and else. What waits is seen at the latest after the latter. */
const [busyMs, idleMs] = [250, 1_000];
/** A sender that had to wait for a processor, or for its round trip, goes on within this time. */
const lingerMs = 5_000;
/** Pods that came are looked at from then on, at the latest; a scrape reads them anew. */
const rowsMs = 5_000;
/** Nobody has scraped for so long. */
const restMs = 600_000;

type Classes = ReturnType<typeof deviceClasses>;
/** By device and parent. */
type Queues = Map<string, Map<string, { handle: string; counters: Counters }>>;

function queuesOf(devices: readonly string[]): Queues {
  using socket = new NetlinkSocket();
  const byIndex = Map.groupBy(allQdiscs(socket), ({ ifindex }) => ifindex);
  return new Map(
    devices.map((dev) => {
      const index = linkNamed(socket, dev)?.index;
      const queues = index === undefined ? [] : (byIndex.get(index) ?? []);
      return [
        dev,
        new Map(queues.map(({ parent, handle, counters }) => [parent, { handle, counters }])),
      ];
    }),
  );
}

const inClasses = (classes: Classes): LookAt => ({
  classOf: ({ dev, classid: id }) => classes.get(dev)?.get(id)?.counters ?? null,
});

const inQueues = (queues: Queues): QueueLook => ({
  queueOf: ({ dev, classid: id, leafHandle }) => {
    const found = queues.get(dev)?.get(id);
    return found?.handle === leafHandle ? found.counters : null;
  },
});

/** SQLite keeps what was written lately beside the file. */
const bytesOf = (file: string): number =>
  [file, `${file}-wal`].reduce(
    (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

export class Sampler {
  readonly #options: SamplerOptions;
  readonly #totals: Totals;
  readonly #trees = new TreeTotals();
  #devices: Record<Direction, string> | null = null;
  #rowsAtMs = Number.NEGATIVE_INFINITY;
  #scrapedAtMs = Number.NEGATIVE_INFINITY;
  /** When something waited last. */
  #waitedAtMs = Number.NEGATIVE_INFINITY;
  #isAtWork = false;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#totals = new Totals(options.detail);
  }

  /** What is at this moment. Throws FairwayError where the ledger or the kernel cannot be read. */
  scrape(): Values {
    const nowMs = performance.now();
    this.#scrapedAtMs = nowMs;
    const ledger = this.#options.ledger();
    const view = ledger === null ? null : new NodeView(ledger);
    this.#readRows(view, nowMs);
    const devices = Object.values(this.#devices ?? {});
    const queues = devices.length === 0 ? new Map() : queuesOf(devices);
    const classes = this.#look(nowMs);
    this.#totals.lookAtQueues(inQueues(queues));
    this.#lookAtTrees(queues, classes);
    void this.#keepLooking();
    return { ...this.#totals.values(), ...this.#trees.values(), ...this.#ofNode(ledger, view) };
  }

  #readRows(view: NodeView | null, nowMs: number): void {
    this.#totals.setClasses(view === null ? [] : promisedClasses(view));
    const first = view?.first ?? null;
    this.#devices = first === null ? null : treeDevicesOf(first);
    this.#rowsAtMs = nowMs;
  }

  #look(nowMs: number): Classes {
    const classes = deviceClasses(Object.values(this.#devices ?? {}));
    this.#totals.look(nowMs, inClasses(classes));
    return classes;
  }

  #lookAtTrees(queues: Queues, classes: Classes): void {
    if (this.#devices === null) return;
    for (const direction of directions) {
      const dev = this.#devices[direction];
      const root = queues.get(dev)?.get("root");
      const of = (minor: number) => classes.get(dev)?.get(classid(minor))?.counters ?? null;
      this.#trees.look(direction, {
        root: root?.handle === tbfHandle ? root.counters : null,
        whole: of(rootMinor),
        host: of(hostMinor),
      });
    }
  }

  #ofNode(ledger: Ledger | null, view: NodeView | null): Values {
    const first = view?.first ?? null;
    const bounds =
      first === null || view === null ? [] : boundedMembers(first, view.attachments.map(memberOf));
    return nodeValues({
      trees: first?.trees ?? null,
      attachments: view?.rows ?? [],
      promised: view?.promised ?? nothingPromised,
      boundsUs: bounds.map(({ boundUs }) => boundUs),
      pools: ledger === null ? [] : nodePools(ledger),
      ledgerBytes: ledger === null ? 0 : bytesOf(ledger.file),
    });
  }

  async #keepLooking(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    const { signal, isBusy } = this.#options;
    while (!signal.aborted && performance.now() - this.#scrapedAtMs < restMs) {
      await sleep(this.#pauseMs(performance.now()), signal);
      if (!signal.aborted && !isBusy()) this.#tryLook();
    }
    this.#isAtWork = false;
  }

  #pauseMs(nowMs: number): number {
    if (this.#totals.isAnyWaiting) this.#waitedAtMs = nowMs;
    return nowMs - this.#waitedAtMs < lingerMs ? busyMs : idleMs;
  }

  #tryLook(): void {
    try {
      const nowMs = performance.now();
      if (nowMs - this.#rowsAtMs >= rowsMs) {
        const ledger = this.#options.ledger();
        this.#readRows(ledger === null ? null : new NodeView(ledger), nowMs);
      }
      this.#look(performance.now());
    } catch (error) {
      // A scrape tells it.
      if (!(error instanceof FairwayError)) throw error;
    }
  }
}
