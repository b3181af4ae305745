/** What a node is to have, by what the ledger says at one moment. */

import { hasNetns } from "../../kernel/netns.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Promised } from "../../ledger/promised.ts";
import type { BaseInput } from "../../plan/desired.ts";
import {
  type Attachment,
  directions,
  type NetworkBase,
  sameAttachment,
  type TreeSettings,
} from "../../plan/node.ts";
import { leftBits, treeOf } from "../../promise/capacity.ts";
import { hasEgressTarget, withBursts } from "../../promise/latency.ts";
import { inForce } from "../../promise/scale.ts";
import { hasHostInterface } from "../facts/chained.ts";
import { guardedAlike, hostBits } from "../facts/network.ts";
import { withGatewaysInUse } from "./gateways.ts";

/** Whether more is promised than there is, so that guarantees are scaled. */
export function overcommits(promised: Promised, trees: TreeSettings): boolean {
  return directions.some(
    (direction) => leftBits(treeOf(trees, direction), promised[direction]) < 0,
  );
}

/** The networks that have pods. On a node without pods, they are those that had some since it booted. */
function liveNetworks(ledger: LedgerView): NetworkBase[] {
  const known = ledger.networks().filter((n) => n.isOfThisBoot);
  const used = known.filter(({ name }) => ledger.attachments.any(name));
  const live = used.length === 0 && !ledger.attachments.any() ? known : used;
  return withGatewaysInUse(ledger, guardedAlike(live.map((n) => n.base)));
}

/**
 * It is made once per transaction and passed on. What it has read it keeps, so whoever changes the ledger makes
 * another one afterwards.
 */
export class NodeView {
  #networks: readonly NetworkBase[] | undefined;
  #rows: Attachment[] | undefined;
  #attachments: Attachment[] | undefined;
  #promised: Promised | undefined;
  #input: BaseInput | undefined;

  /** Without `networks` they are the live ones. Without `attachments` they are the ledger's, in force. */
  constructor(
    readonly ledger: LedgerView,
    networks?: readonly NetworkBase[],
    attachments?: Attachment[],
  ) {
    this.#networks = networks;
    this.#attachments = attachments;
  }

  get networks(): readonly NetworkBase[] {
    this.#networks ??= liveNetworks(this.ledger);
    return this.#networks;
  }

  /** All networks of a node agree in what is asked of this one. null means that there is no network. */
  get first(): NetworkBase | null {
    return this.networks[0] ?? null;
  }

  /** What is promised, in sums, as the ledger has it. */
  get promised(): Promised {
    this.#promised ??= this.ledger.attachments.promised();
    return this.#promised;
  }

  get isScaled(): boolean {
    return this.first !== null && overcommits(this.promised, this.first.trees);
  }

  /** All attachments of the node as it was promised, in every phase. */
  get rows(): Attachment[] {
    this.#rows ??= this.ledger.attachments.all();
    return this.#rows;
  }

  /** All attachments of the node with their promises in force. Rows count in every phase. */
  get attachments(): Attachment[] {
    const { first } = this;
    this.#attachments ??= first === null ? this.rows : inForce(this.rows, first.trees);
    return this.#attachments;
  }

  get ready(): Attachment[] {
    return this.attachments.filter(({ phase }) => phase === "ready");
  }

  /**
   * Those whose part in the kernel can be made at this moment: any of them may go without asking us. In a
   * namespace that is gone there is nothing to connect, and DEL or GC will come for it.
   */
  connectable(): Attachment[] {
    return this.ready.filter((a) => hasNetns(a.netns) && hasHostInterface(a));
  }

  /** What the base is made from. It is read in sums while nothing is scaled. */
  get input(): BaseInput {
    const isSummed = this.#attachments === undefined && !this.isScaled;
    const { networks, first } = this;
    this.#input ??= {
      networks: [...networks],
      hostBits: first === null ? 0 : hostBits(first),
      promisedIngressBits: isSummed
        ? this.promised.readyIngressBits
        : this.ready.reduce((sum, a) => sum + a.promise.ingress.guaranteeBits, 0),
    };
    return this.#input;
  }

  /** The networks that have promised something to anybody: one whose first ADD is under way has not. */
  ofReady(alsoNetwork?: string): NodeView {
    const promised = new Set(
      this.ledger.attachments
        .all()
        .flatMap(({ phase, network }) => (phase === "ready" ? network : [])),
    );
    const networks = this.networks.filter(
      ({ network }) => network === alsoNetwork || promised.has(network),
    );
    return new NodeView(this.ledger, networks);
  }

  /** As it would be with this network, or with what it asks for now, and with these attachments. */
  with(base: NetworkBase, attachments?: Attachment[]): NodeView {
    const others = this.networks.filter(({ network }) => network !== base.network);
    return new NodeView(this.ledger, [...others, base], attachments);
  }

  /**
   * The attachments with a latency target, while nothing is scaled: then a burst in force depends on nothing
   * else.
   */
  targets(trees: TreeSettings): Attachment[] {
    const { attachments } = this.ledger;
    return withBursts<Attachment>(attachments.withTarget(), trees, attachments.largestMtuBytes());
  }

  /** One attachment of the ledger, with its promise in force. */
  inForce(attachment: Attachment, trees: TreeSettings): Attachment {
    const scales = overcommits(this.promised, trees);
    if (!scales && !hasEgressTarget(attachment.promise)) return attachment;
    const all = scales ? inForce(this.ledger.attachments.all(), trees) : this.targets(trees);
    const found = all.find((a) => sameAttachment(a, attachment));
    return { ...attachment, promise: found?.promise ?? attachment.promise };
  }
}
