/**
 * The capacities that were set at run time, and those that hold without them. Only commands that show them
 * need this; no verb does.
 */

import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { capacitySet } from "./capacity-set.ts";
import { findLink, linkSpeed } from "./uplink.ts";

/** A direction's capacity: what was set, and what holds without that. */
export interface Capacity {
  direction: Direction;
  /** Set by `fairway set-capacity`; null means that it is not set. */
  setBits: number | null;
  /**
   * uplink.egressCapacity or .ingressCapacity of the node's networks; null means that it is not given, or
   * that no network is known.
   */
  configuredBits: number | null;
  /**
   * The speed that the uplink reports; null means that it has no speed of its own, or that it is not there.
   */
  linkBits: number | null;
}

/** Where the uplink is gone, its speed is not known. */
function linkBits({ uplink, bridge }: NetworkConfig): number | null {
  try {
    const speed = linkSpeed(findLink(uplink, bridge));
    return typeof speed === "number" ? speed : null;
  } catch (error) {
    if (error instanceof FairwayError && error.kind === "uplinkUnknown") return null;
    throw error;
  }
}

/** `config` is that of one of the node's networks, since all agree in this; null means that none is known. */
function capacitiesWith(view: LedgerView, config: NetworkConfig | null): Capacity[] {
  const set = capacitySet(view);
  const speed = config === null ? null : linkBits(config);
  return directions.map((direction) => ({
    direction,
    setBits: set[`${direction}Bits`],
    configuredBits: config?.uplink[`${direction}CapacityBits`] ?? null,
    linkBits: speed,
  }));
}

/** The capacities as the last ADD of this boot was configured. */
export function capacities(view: LedgerView): Capacity[] {
  const known = view.networks().find(({ isOfThisBoot }) => isOfThisBoot);
  return capacitiesWith(
    view,
    known === undefined ? null : parseNetworkConfig(JSON.parse(known.config)),
  );
}
