/**
 * The agent as a part of a Kubernetes cluster. It follows what the API server has of this node and its pods, and
 * compares that with the ledger whenever either may have changed. All that changes the node is done between two
 * verbs, from its beginning to its end; whatever asks the API server is not waited for by anybody. An API server
 * that is away changes nothing on the node.
 */
import { type ErrorName, FairwayError, messageOf } from "../errors.ts";
import type { Access } from "../kube/access.ts";
import { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { NodeView } from "../node/reconcile/view.ts";
import { whyNoTool } from "../patience.ts";
import type { TreeSettings } from "../plan/node.ts";
import type { Tell } from "../tell.ts";
import { Waker } from "../waker.ts";
import { sweepClaims } from "./claim-sweep.ts";
import { Classes } from "./classes.ts";
import type { Happened } from "./event-log.ts";
import { watchGuarantees } from "./guarantees.ts";
import { Pods } from "./pods.ts";
import { Published } from "./published.ts";
import { Recorder } from "./recorder.ts";
import { Refusals, type RefusedPod } from "./refusals.ts";
import { dropRoutes, keepRoutes } from "./routes.ts";
import { Seen } from "./seen.ts";
import { Troubles } from "./told.ts";

export interface MemberOptions {
  access: Access;
  /** The name of the Node object. */
  node: string;
  /** Whether it keeps the routes to the other nodes' pods. */
  routes: boolean;
  /** Whether what the node has is told to dynamic resource allocation, too, where its class says so. */
  dra: boolean;
  /** How long a guarantee has to be missed until its pod is told. */
  unmetAfterMs: number;
  userAgent: string;
  /** Where the runtime reads its networks, and the ledger's folder. */
  confDir: string;
  dataDir: string;
  /** null means that there is none yet. Throws what the ledger throws. */
  ledger: () => Ledger | null;
  /** Why nothing of this node is to be changed now; null means that it may be. */
  whyNot: (ledger: Ledger) => string | null;
  /** The trees that a node without pods will have with its first one; null means that nothing tells them. */
  treesAhead: () => TreeSettings | null;
  /** Whether verbs wait for their turn in this process. */
  isBusy: () => boolean;
  tell: Tell;
  /** It ends when this is aborted. */
  signal: AbortSignal;
}

/** What others change of the ledger is seen at the latest after this time. */
const roundMs = 10_000;
/** How often it is asked whether the ledger's sums are others: that costs next to nothing. */
const glanceMs = 1_000;
/** Another has the lock, or verbs wait. */
const busyMs = 100;
const betweenMs = 5;

export class Member {
  readonly #options: MemberOptions;
  readonly #troubles: Troubles;
  readonly #client: KubeClient;
  readonly #waker = new Waker();
  readonly #pods: Pods;
  readonly #published: Published;
  readonly #seen: Seen;
  readonly #recorder: Recorder;
  readonly #classes: Classes;
  readonly #refusals: Refusals;
  #hasDropped = false;
  #isReady = false;
  #isDue = true;
  #sums = "";
  #roundAtMs = Number.NEGATIVE_INFINITY;
  /** When something waits for its time. */
  #againMs: number | null = null;

  constructor(options: MemberOptions) {
    const { access, node, userAgent, tell, signal } = options;
    this.#options = options;
    this.#troubles = new Troubles(tell);
    this.#client = new KubeClient(access, userAgent);
    const about = (matter: string) => (words: string | null) => this.#troubles.about(matter, words);
    this.#recorder = new Recorder({
      client: this.#client,
      node,
      signal,
      onTrouble: about("events cannot be written"),
    });
    const happened = (event: Happened): void => this.#recorder.tell(event);
    this.#pods = new Pods({ tell: happened, busyMs });
    this.#classes = new Classes({ places: options, happened, tell });
    this.#refusals = new Refusals(happened);
    this.#seen = new Seen({
      ...{ client: this.#client, node, allNodes: options.routes, slices: options.dra, signal },
      troubles: this.#troubles,
      onChange: () => this.#wake(),
    });
    this.#published = new Published({
      ...options,
      ...{ client: this.#client, seen: this.#seen, classes: this.#classes },
      ...{ happened, about },
      wakeIn: (ms) => this.#comeBack(performance.now() + ms),
    });
  }

  /** A pod cannot start, since it cannot have what it asks for. */
  refused(pod: RefusedPod): void {
    const againMs = this.#refusals.take(pod, performance.now());
    if (againMs !== null) this.#comeBack(againMs);
  }

  /** Verbs are served, and what all pods share is there. */
  ready(): void {
    this.#isReady = true;
    this.#wake();
  }

  async run(): Promise<void> {
    const { node, tell, signal } = this.#options;
    tell("info", "the cluster: following", { server: this.#client.server, node });
    const wake = (): void => this.#waker.wake();
    signal.addEventListener("abort", wake);
    await Promise.all([
      this.#seen.follow(),
      this.#work(),
      watchGuarantees({
        ledger: this.#options.ledger,
        pods: () => this.#seen.pods,
        tell: (event) => this.#recorder.tell(event),
        afterMs: this.#options.unmetAfterMs,
        signal,
      }),
    ]);
    signal.removeEventListener("abort", wake);
  }

  #wake(): void {
    this.#isDue = true;
    this.#waker.wake();
  }

  #comeBack(atMs: number): void {
    if (this.#againMs === null || atMs < this.#againMs) this.#againMs = atMs;
    this.#waker.wake();
  }

  async #work(): Promise<void> {
    const { signal, isBusy } = this.#options;
    while (!signal.aborted) {
      const isMore = !isBusy() && this.#tried();
      await this.#waker.sleep(this.#idleMs(isMore));
      // All that came meanwhile, a verb above all, is heard before the next turn.
      await Bun.sleep(0);
    }
  }

  #idleMs(isMore: boolean): number {
    if (this.#options.isBusy()) return busyMs;
    if (isMore) return betweenMs;
    const nowMs = performance.now();
    return Math.max(
      betweenMs,
      Math.min(glanceMs, (this.#againMs ?? Number.POSITIVE_INFINITY) - nowMs),
    );
  }

  /** Tells whether there is more to do at once. */
  #tried(): boolean {
    try {
      const isMore = this.#turn();
      this.#troubles.about("the ledger", null);
      return isMore;
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      const busy: ErrorName = "tryAgain";
      if (error.kind !== busy) this.#troubles.about("the ledger", messageOf(error));
      this.#isDue = true;
      this.#againMs = performance.now() + (error.kind === busy ? busyMs : glanceMs);
      return false;
    }
  }

  #isTurnDue(ledger: Ledger | null, nowMs: number): boolean {
    const sums = JSON.stringify(ledger?.attachments.promised() ?? null);
    const isOther = sums !== this.#sums;
    this.#sums = sums;
    const isTime = this.#againMs !== null && nowMs >= this.#againMs;
    return this.#isDue || isOther || isTime || nowMs - this.#roundAtMs > roundMs;
  }

  #turn(): boolean {
    const nowMs = performance.now();
    const ledger = this.#options.ledger();
    if (!this.#isTurnDue(ledger, nowMs)) return false;
    [this.#isDue, this.#againMs, this.#roundAtMs] = [false, null, nowMs];
    this.#seeClasses(ledger);
    const isMore = ledger !== null && this.#seePods(ledger, nowMs);
    this.#isDue = isMore;
    const view = ledger === null ? null : new NodeView(ledger);
    if (ledger !== null) {
      this.#seeRoutes(ledger, view?.first?.trees.uplink ?? null);
      this.#refusals.tellDue(ledger, nowMs);
    }
    // Whoever waits for its time says so in each turn.
    const { nextMs } = this.#refusals;
    if (nextMs !== null) this.#comeBack(nextMs);
    this.#published.see(ledger, view, this.#isReady);
    return isMore;
  }

  #seeClasses(ledger: Ledger | null): void {
    const { node, classes } = this.#seen;
    if (classes.state === "undefined") this.#classes.none();
    if (node !== null && classes.state === "seen")
      this.#classes.turn(node, classes.classes, ledger, this.#mayChange(ledger));
  }

  #seePods(ledger: Ledger, nowMs: number): boolean {
    const { pods } = this.#seen;
    if (pods === null) return false;
    const mayChange = this.#mayChange(ledger);
    if (mayChange()) sweepClaims(ledger, pods, this.#options.tell);
    const { isMore, againMs } = this.#pods.round(ledger, pods, mayChange, nowMs);
    if (againMs !== null) this.#comeBack(againMs);
    return isMore;
  }

  #seeRoutes(ledger: Ledger, uplink: string | null): void {
    const { routes, tell } = this.#options;
    const { node, nodes } = this.#seen;
    if (node === null || uplink === null || !this.#mayChange(ledger)()) return;
    if (routes) keepRoutes(node, nodes, uplink, tell, this.#troubles);
    else if (!this.#hasDropped) {
      dropRoutes(uplink, tell);
      this.#hasDropped = true;
    }
  }

  #mayChange(ledger: Ledger | null): () => boolean {
    return () => ledger !== null && whyNoTool() === null && this.#options.whyNot(ledger) === null;
  }
}
