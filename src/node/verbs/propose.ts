/**
 * The attachment that an ADD would make, or the reason why it would not. The address, the class and the
 * admission follow from what the ledger says at this moment. Nothing is written, so `explain` asks the same.
 */
import type { AddressAsk } from "../../config/address-ask.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { hostVeth, podMac } from "../../plan/names.ts";
import {
  type Attachment,
  type AttachmentKey,
  attachmentName,
  type Direction,
  directions,
  type NetworkBase,
  type PodAsks,
  type PodPromise,
  podTitle,
} from "../../plan/node.ts";
import { admit, admitScaled, hostHolders, refusal } from "../../promise/admission.ts";
import type { Member } from "../../promise/latency.ts";
import { withinTargets } from "../../promise/targets.ts";
import { type ChosenAddress, chooseAddresses, leaseOf, nodeHolders } from "../addresses/choose.ts";
import type { Granted } from "../addresses/granted.ts";
import { podKeyOf } from "../addresses/keep.ts";
import { macAddress, withGateway } from "../addresses/leases.ts";
import { capacitySet } from "../facts/capacity-set.ts";
import type { ChainedPort } from "../facts/chained.ts";
import type { Uplink } from "../facts/uplink.ts";
import { type Held, heldIn, leftBits } from "./held.ts";

export interface Asked {
  key: AttachmentKey;
  netns: string;
  podNamespace: string | null;
  podName: string | null;
  promise: PodPromise;
  asks: PodAsks;
  config: NetworkConfig;
  uplink: Uplink;
  base: NetworkBase;
  /** Which addresses the pod asks for. */
  ask: AddressAsk;
  /** What another IPAM plugin gave; null means that the addresses are ours to give. */
  granted: Granted | null;
  /** The interface that another plugin made; null means that it is ours to make. */
  port: ChainedPort | null;
}

export interface Proposal {
  attachment: Attachment;
  /** What each direction has left after it, in bits per second; 0 where guarantees are scaled. */
  freeBits: Record<(typeof directions)[number], number>;
  /** How the bound on its delay comes about; null without a latency target. */
  latency: string | null;
  /** The addresses that are ours to give, from which the next choice follows. */
  chosen: ChosenAddress[];
}

/** What admission looks at. */
type Terms = Pick<Asked, "base" | "key" | "promise"> &
  Partial<Pick<Asked, "podNamespace" | "podName">> & { tiers: NetworkConfig["tiers"] };

/** The name of the pod that asks. */
const askerName = ({ key, podNamespace = null, podName = null }: Terms): string =>
  holderName({ ...key, podNamespace, podName });

/** This is asked only for the words of a refusal. */
type Facts = Parameters<typeof capacitySet>[0];

/** The pod's tier, if it gave this guarantee; else null. */
function givingTier({ tiers, promise }: Terms, direction: Direction): string | null {
  const { tier } = promise;
  if (tier === null || !Object.hasOwn(tiers, tier)) return null;
  const given = tiers[tier]?.[direction].guaranteeBits;
  return given === promise[direction].guaranteeBits ? tier : null;
}

function checkRates(terms: Terms, held: Held, view: Facts): Proposal["freeBits"] {
  const { base, promise } = terms;
  const decide = base.trees.overcommit === "scale" ? admitScaled : admit;
  const free = { egress: 0, ingress: 0 };
  for (const direction of directions) {
    free[direction] = leftBits(held, base.trees, direction, promise[direction].guaranteeBits);
    if (free[direction] >= 0) continue;
    // Whoever is refused is told who holds what.
    const decision = decide({
      direction,
      capacityBits: base.trees[`${direction}CapacityBits`],
      reserveBits: base.trees[`${direction}ReserveBits`],
      held: [
        ...hostHolders(base.trees, direction),
        ...held.all().map((a) => ({
          holder: holderName(a),
          guaranteeBits: a.promise[direction].guaranteeBits,
        })),
      ],
      askedBits: promise[direction].guaranteeBits,
      holder: askerName(terms),
      tier: givingTier(terms, direction),
    });
    if (!decision.ok) throw refusal(decision, capacitySet(view)[`${direction}Bits`] !== null);
    free[direction] = decision.freeBits;
  }
  return free;
}

/** An attachment in the form that the delay bound takes. */
export function memberOf(a: Attachment): Member {
  return { holder: holderName(a), promise: a.promise, mtuBytes: a.mtuBytes };
}

/**
 * Delays are bounded on egress only, because what comes in has queued on the wire before it is here. While
 * guarantees are scaled no target is kept (scale.ts); then the target has to be one that the pod could have
 * alone.
 */
function checkTarget(terms: Terms, held: Held): string | null {
  const { base, promise } = terms;
  const own = { holder: askerName(terms), promise, mtuBytes: base.mtuBytes };
  if (leftBits(held, base.trees, "egress", promise.egress.guaranteeBits) < 0) {
    withinTargets(base, own, () => []);
    return null;
  }
  return withinTargets(base, own, () => held.withTarget().map(memberOf), held.largestMtuBytes);
}

/**
 * What is left beside the promises that are held already, and how the pod's bound comes about. Throws
 * promiseRefused.
 */
export function admitted(
  terms: Terms,
  held: Held,
  view: Facts,
): Pick<Proposal, "freeBits" | "latency"> {
  return { freeBits: checkRates(terms, held, view), latency: checkTarget(terms, held) };
}

/** A person knows the pod by its name; two sandboxes of one pod may be there at once, so the attachment tells them apart. */
export function holderName(
  a: AttachmentKey & Pick<Attachment, "podNamespace" | "podName">,
): string {
  const name = attachmentName(a);
  const title = podTitle(a);
  return title === null ? name : `${title} (${name})`;
}

/**
 * One address of each set: the one that the pod asks for, or else the next that is free. Throws
 * poolExhausted, addressInUse, badConfig.
 */
function chooseFor(view: LedgerView, { config, key, ask, podNamespace, podName }: Asked) {
  return chooseAddresses(view, {
    network: config.name,
    ipam: config.ipam,
    ask,
    pod: podKeyOf(key, podNamespace, podName),
    nowMs: Date.now(),
    holders: nodeHolders(view, config.name),
  });
}

/** Throws attachmentExists. */
export function refuseExisting(view: LedgerView, key: AttachmentKey): void {
  const existing = view.attachments.find(key);
  if (existing === null) return;
  throw new FairwayError(
    "attachmentExists",
    `attachment ${attachmentName(key)} exists already, with ${existing.leases.map((l) => l.address).join(", ")}`,
    "a runtime must DEL an attachment before it ADDs it again",
  );
}

/** Throws attachmentExists, promiseRefused, poolExhausted, addressInUse, badConfig. */
export function propose(view: LedgerView, asked: Asked): Proposal {
  refuseExisting(view, asked.key);
  const { freeBits, latency } = admitted(
    { ...asked, tiers: asked.config.tiers },
    heldIn(view),
    view,
  );
  const { port, granted } = asked;
  const chosen = granted === null && port === null ? chooseFor(view, asked) : [];
  const leases = port?.leases ?? granted?.leases ?? chosen.map(leaseOf);
  const classMinor = view.attachments.freeClassMinor();
  // The routes of another plugin's pod are in that plugin's result, and are its to keep.
  const routes = port === null ? (granted?.routes ?? asked.config.ipam.routes) : [];
  return {
    freeBits,
    latency,
    chosen,
    attachment: {
      ...asked.key,
      phase: "adding",
      netns: asked.netns,
      hostVeth: port?.hostIfname ?? hostVeth(classMinor),
      podMac: port?.podMac ?? asked.config.runtime.mac ?? podMac(macAddress(leases)),
      classMinor,
      leases,
      routes: routes.map((route) => withGateway(route, leases)),
      mtuBytes: asked.base.mtuBytes,
      promise: asked.promise,
      asks: asked.asks,
      podNamespace: asked.podNamespace,
      podName: asked.podName,
      chained: port === null ? null : port.link,
    },
  };
}
