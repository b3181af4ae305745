/**
 * Looks at the classes again and again, from when somebody first asks on: while nothing waits for anybody who was promised
 * something that is one dump of each tree's classes a second. When nobody asks any more it rests.
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
import { type Live, liveClass } from "./live.ts";
import { type LiveNode, liveNode, nothingLive } from "./live-node.ts";
import { nodeValues } from "./node-values.ts";
import { type LookAt, type QueueLook, Totals } from "./totals.ts";
import { TreeFollow } from "./tree-follow.ts";
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
/** Nobody has asked for so long. */
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

const countersIn =
  (classes: Classes, dev: string) =>
  (minor: number): Counters | null =>
    classes.get(dev)?.get(classid(minor))?.counters ?? null;

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
  readonly #treeFollows: Record<Direction, TreeFollow> = {
    egress: new TreeFollow(),
    ingress: new TreeFollow(),
  };
  #node: LiveNode = nothingLive;
  #nodeAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #devices: Record<Direction, string> | null = null;
  #rowsAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
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
    this.#askedAtMs = nowMs;
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

  /**
   * What the last look found, which is no older than a second while somebody asks. Throws FairwayError where the ledger
   * or the kernel cannot be read.
   */
  live(): Live {
    const nowMs = performance.now();
    this.#askedAtMs = nowMs;
    const isReadAnew = nowMs - this.#nodeAtMs >= rowsMs;
    if (isReadAnew) {
      const ledger = this.#options.ledger();
      const view = ledger === null ? null : new NodeView(ledger);
      this.#readRows(view, nowMs);
      this.#node = view === null ? nothingLive : liveNode(view);
      this.#nodeAtMs = nowMs;
    }
    // A pod that came would have no class until the next look.
    if (isReadAnew || nowMs - this.#lookedAtMs >= idleMs) this.#look(nowMs);
    void this.#keepLooking();
    const { boundsUs } = this.#node;
    return {
      trees: this.#node.trees.map((tree) => {
        const { rateBits, hostRateBits } = this.#treeFollows[tree.direction];
        return { ...tree, rateBits, hostRateBits };
      }),
      classes: this.#totals.followed.map(({ promised, follow }) =>
        liveClass(promised, follow, boundsUs.get(memberOf(promised.row).holder) ?? null, nowMs),
      ),
    };
  }

  #readRows(view: NodeView | null, nowMs: number): void {
    this.#totals.setClasses(view === null ? [] : promisedClasses(view));
    const first = view?.first ?? null;
    this.#devices = first === null ? null : treeDevicesOf(first);
    this.#rowsAtMs = nowMs;
  }

  #look(nowMs: number): Classes {
    const devices = this.#devices;
    const classes = deviceClasses(Object.values(devices ?? {}));
    this.#totals.look(nowMs, inClasses(classes));
    if (devices !== null)
      for (const direction of directions)
        this.#treeFollows[direction].look(nowMs, countersIn(classes, devices[direction]));
    this.#lookedAtMs = nowMs;
    return classes;
  }

  #lookAtTrees(queues: Queues, classes: Classes): void {
    if (this.#devices === null) return;
    for (const direction of directions) {
      const dev = this.#devices[direction];
      const root = queues.get(dev)?.get("root");
      const of = countersIn(classes, dev);
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
    while (!signal.aborted && performance.now() - this.#askedAtMs < restMs) {
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
