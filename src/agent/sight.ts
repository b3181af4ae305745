/** The agent's looks, and what it keeps of the last one at the node. */
import { podOutline } from "../kernel/pod-outline.ts";
import { Silent } from "../kernel/silent.ts";
import type { Interest } from "../kernel/watch-filter.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { look } from "../node/reconcile/run.ts";
import { NodeView } from "../node/reconcile/view.ts";
import { type Attachment, attachmentName } from "../plan/node.ts";
import { type Found, foundIn } from "./found.ts";
import { interestIn, nodeSide, podSide, silentIn } from "./looks.ts";

/** So many pods are looked into before everything else has its turn: about as long as one verb. */
const podsAtOnce = 8;
/** In every pass of so many, each pod is looked at whole, whatever its outline is. */
const wholePass = 60;

/** A number that differs where the values do. */
const digest = (value: unknown, seed = 0n): bigint => Bun.hash.wyhash(JSON.stringify(value), seed);

export class Sight implements Disposable {
  #interest: Interest | null = null;
  #silent: Silent | null = null;
  /** Its values at the last look. */
  #values = "";
  #spentMs = 0;
  /** Of pods of which nothing differed: their outlines, and a digest of what they were to have. */
  readonly #right = new Map<string, string>();
  #passes = 0;

  [Symbol.dispose](): void {
    this.#silent?.[Symbol.dispose]();
    this.#silent = null;
  }

  /** Which notifications concern the node; null means that nothing is known of it yet. */
  get interest(): Interest | null {
    return this.#interest;
  }

  /** How long looks at the node have taken since this was asked last. */
  takeSpentMs(): number {
    const spentMs = this.#spentMs;
    this.#spentMs = 0;
    return spentMs;
  }

  #timed<T>(work: () => T): T {
    const beganMs = performance.now();
    try {
      return work();
    } finally {
      this.#spentMs += performance.now() - beganMs;
    }
  }

  /** What differs outside of the pods' namespaces. */
  node(ledger: LedgerView): Found[] {
    return this.#timed(() => {
      const scope = nodeSide(new NodeView(ledger));
      const desired = scope.desired();
      // What changes during the look is looked at again.
      this[Symbol.dispose]();
      this.#silent = new Silent(silentIn(desired));
      this.#values = this.#silent.values();
      this.#interest = interestIn(desired);
      return foundIn(look({ ...scope, desired: () => desired }));
    });
  }

  /** Whether what the kernel tells nobody of is otherwise than at the last look. It is told once. */
  hasSilentChange(): boolean {
    const before = this.#values;
    this.#values = this.#silent?.values() ?? before;
    return this.#values !== before;
  }

  /** What differs inside of the pods' namespaces, or of those that are named, and in which. */
  async pods(
    ledger: LedgerView,
    names: ReadonlySet<string> | null = null,
  ): Promise<{ found: Found[]; names: Set<string> }> {
    const view = new NodeView(ledger);
    const isAsked = (pod: Attachment): boolean => names === null || names.has(attachmentName(pod));
    const pods = view.connectable().filter(isAsked);
    if (names === null) this.#forgetPods(pods);
    const networks = digest(view.networks);
    const seen = { found: [] as Found[], names: new Set<string>() };
    for (const [at, pod] of pods.entries()) {
      if (at % podsAtOnce === podsAtOnce - 1) await Bun.sleep(0);
      const found = this.#pod(view, pod, digest(pod, networks));
      if (found.length > 0) seen.names.add(attachmentName(pod));
      seen.found.push(...found);
    }
    return seen;
  }

  /** None is taken for right for ever. */
  #forgetPods(pods: readonly Attachment[]): void {
    const names = new Set(pods.map(attachmentName));
    this.#passes = (this.#passes + 1) % wholePass;
    for (const name of this.#right.keys())
      if (this.#passes === 0 || !names.has(name)) this.#right.delete(name);
  }

  #pod(view: NodeView, pod: Attachment, wanted: bigint): Found[] {
    const name = attachmentName(pod);
    const outline = podOutline(pod.netns, pod.ifname);
    const known = outline === null ? null : `${outline} ${wanted}`;
    if (known !== null && this.#right.get(name) === known) return [];
    const found = foundIn(look(podSide(view, [pod])));
    if (found.length > 0 || known === null) this.#right.delete(name);
    else this.#right.set(name, known);
    return found;
  }
}
