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
  type NetworkBase,
  type PodAsks,
} from "../../plan/node.ts";
import type { Settlement } from "../../promise/ask.ts";
import { admitted, holderName } from "../../promise/held.ts";
import { type ChosenAddress, chooseAddresses, leaseOf, nodeHolders } from "../addresses/choose.ts";
import type { Granted } from "../addresses/granted.ts";
import { podKeyOf } from "../addresses/keep.ts";
import { macAddress, withGateway } from "../addresses/leases.ts";
import { capacitySet } from "../facts/capacity-set.ts";
import type { ChainedPort } from "../facts/chained.ts";
import type { Uplink } from "../facts/uplink.ts";

/** What an ADD asks for. */
export interface AttachAsk extends Settlement {
  key: AttachmentKey;
  netns: string;
  podNamespace: string | null;
  podName: string | null;
  /** null means that the runtime did not tell it. */
  podUid: string | null;
  asks: PodAsks;
  config: NetworkConfig;
  uplink: Uplink;
  base: NetworkBase;
  /** Which addresses the pod asks for. */
  addresses: AddressAsk;
  /** What another IPAM plugin gave; null means that the addresses are ours to give. */
  granted: Granted | null;
  /** The interface that another plugin made; null means that it is ours to make. */
  port: ChainedPort | null;
}

export interface Proposal {
  attachment: Attachment;
  /** What each direction has left after it, in bits per second; 0 where guarantees are scaled. */
  freeBits: Record<Direction, number>;
  /** How the bound on its delay comes about; null without a latency target. */
  latency: string | null;
  /** The addresses that are ours to give, from which the next choice follows. */
  chosen: ChosenAddress[];
}

/**
 * One address of each set: the one that the pod asks for, or else the next that is free. Throws
 * poolExhausted, addressInUse, badConfig.
 */
function chooseFor(view: LedgerView, { config, key, addresses, podNamespace, podName }: AttachAsk) {
  return chooseAddresses(view, {
    network: config.name,
    ipam: config.ipam,
    ask: addresses,
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
export function propose(view: LedgerView, asked: AttachAsk): Proposal {
  refuseExisting(view, asked.key);
  const asker = { ...asked, holder: holderName({ ...asked, ...asked.key }) };
  const { freeBits, latency } = admitted(asked.base, view.attachments, asker, () =>
    capacitySet(view),
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
      ...(asked.podUid !== null && { podUid: asked.podUid }),
      chained: port === null ? null : port.link,
    },
  };
}
