/** What the agent says of its node to people and to schedulers: on the Node object, and by its ResourceSlice. */
import type { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { nothingPromised } from "../ledger/promised.ts";
import { bootId } from "../node/facts/open.ts";
import type { NodeView } from "../node/reconcile/view.ts";
import type { TreeSettings } from "../plan/node.ts";
import type { Tell } from "../tell.ts";
import { Capacity } from "./capacity.ts";
import { type CapacityTold, capacityTold } from "./capacity-told.ts";
import { claimStatuses } from "./claim-status.ts";
import { ClaimWriter } from "./claim-writer.ts";
import type { Classes } from "./classes.ts";
import type { Happened } from "./event-log.ts";
import { loadsOf } from "./loads.ts";
import type { NodeSeen } from "./node-object.ts";
import { nodeAnnotationsOf } from "./node-told.ts";
import { NodeWriter } from "./node-writer.ts";
import type { Seen } from "./seen.ts";
import { Slices } from "./slices.ts";

export interface PublishedOptions {
  client: KubeClient;
  /** The name of the Node object. */
  node: string;
  /** Whether claims are served on this node. */
  dra: boolean;
  seen: Seen;
  classes: Classes;
  /** Why nothing of this node is to be changed now; null means that it may be. */
  whyNot: (ledger: Ledger) => string | null;
  /** The trees that a node without pods will have with its first one; null means that nothing tells them. */
  treesAhead: () => TreeSettings | null;
  happened(event: Happened): void;
  /** Tells a trouble of one matter, and null when it is over. */
  about(matter: string): (words: string | null) => void;
  /** When something may be asked again. */
  wakeIn(ms: number): void;
  tell: Tell;
  signal: AbortSignal;
}

/** What is known of the node, as far as a scheduler is concerned. */
interface Known {
  trees: TreeSettings;
  told: CapacityTold;
}

export class Published {
  readonly #options: PublishedOptions;
  readonly #writer: NodeWriter;
  readonly #capacity: Capacity;
  readonly #slices: Slices;
  readonly #claims: ClaimWriter;

  constructor(options: PublishedOptions) {
    const { client, node, signal, about, happened, wakeIn, tell } = options;
    this.#options = options;
    const writing = { client, signal, wakeIn, bootId: bootId() };
    this.#writer = new NodeWriter({
      ...writing,
      onTrouble: about(`Node ${node} cannot be written`),
      onOther: about("the Node is not this machine"),
      onUntainted: () => tell("info", "the cluster: the node is open to pods", { node }),
    });
    this.#capacity = new Capacity({
      ...writing,
      happened,
      onTrouble: about(`the capacity of Node ${node} cannot be written`),
    });
    this.#slices = new Slices({
      ...writing,
      onTrouble: about(`the ResourceSlice of Node ${node} cannot be written`),
    });
    this.#claims = new ClaimWriter({
      ...writing,
      onTrouble: about("the status of claims cannot be written"),
    });
  }

  /** It waits for nothing. `isReady` says that verbs are served. */
  see(ledger: Ledger | null, view: NodeView | null, isReady: boolean): void {
    const { seen, classes, dra } = this.#options;
    const { node } = seen;
    if (node === null) return;
    const known = isReady ? this.#known(ledger, view) : null;
    const told = known?.told ?? null;
    const promised = view?.promised ?? nothingPromised;
    const trees = view?.first?.trees ?? null;
    const annotations = nodeAnnotationsOf(trees, promised, classes.inForce, told);
    if (told !== null) this.#capacity.see(node, told);
    this.#writer.see(node, annotations, isReady);
    this.#seeSlices(node, known);
    if (dra && ledger !== null)
      this.#claims.see(claimStatuses(ledger.allClaims(), ledger.attachments.all(), node.name));
  }

  #seeSlices(node: NodeSeen, known: Known | null): void {
    const { dra, seen, classes, about } = this.#options;
    const { publishing } = classes;
    const isDeaf = publishing !== null && publishing !== "resources" && !dra;
    about("the node's BandwidthClass")(
      isDeaf
        ? `publish: ${publishing} is for claims, and this agent was not started with --dra (scheduling.dra.enabled of the chart), so what is theirs is told to nobody`
        : null,
    );
    const { slices } = seen;
    if (slices !== null && known !== null) this.#slices.see(node, slices, known.trees, known.told);
  }

  /** null means that too little is known, of the node or of its pods. Then what was said before stays. */
  #known(ledger: Ledger | null, view: NodeView | null): Known | null {
    const { seen, classes, whyNot, treesAhead } = this.#options;
    const { pods } = seen;
    const { publishing } = classes;
    if (pods === null || publishing === null) return null;
    const made = view?.first?.trees ?? null;
    if (ledger !== null && made !== null && whyNot(ledger) !== null) return null;
    const trees = made ?? treesAhead();
    if (trees === null) return null;
    const { egress, ingress } = view?.promised ?? nothingPromised;
    const rows = view?.attachments ?? [];
    const claims = ledger?.allClaims() ?? [];
    const told = capacityTold({
      ...{ trees, publishing },
      loads: (direction) => loadsOf(pods, rows, claims, direction),
      floors: { egress: egress.floors, ingress: ingress.floors },
    });
    return { trees, told };
  }
}
