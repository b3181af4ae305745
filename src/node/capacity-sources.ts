/** The capacities that were set at run time, beside what holds without them. For whoever tells of it: no verb needs it. */
import { parseNetworkConfig } from "../config/parse.ts";
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { type Direction, directions } from "../plan/node.ts";
import { capacitySet } from "./capacity-set.ts";
import { findLink, linkSpeed } from "./uplink.ts";

/** A direction's capacity: what was set, and what holds without that. */
export interface Capacity {
  direction: Direction;
  /** By `fairway set-capacity`; null: not set. */
  setBits: number | null;
  /** uplink.egressCapacity or .ingressCapacity of the node's networks; null: not given, or no network is known. */
  configuredBits: number | null;
  /** What the uplink says of itself; null: it has no speed of its own, or it is not there. */
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

/** `config`: of one of the node's networks, which agree in this; null: none is known. */
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

/** As the last ADD of this boot was configured. */
export function capacities(view: LedgerView): Capacity[] {
  const known = view.networks().find(({ isOfThisBoot }) => isOfThisBoot);
  return capacitiesWith(
    view,
    known === undefined ? null : parseNetworkConfig(JSON.parse(known.config)),
  );
}
