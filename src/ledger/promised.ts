/** The sums of what was promised, without reading the rows. Each verb asks whether they fit. */
import type { Direction } from "../plan/node.ts";
import type { Store } from "./store.ts";

interface PromisedSums {
  /**
   * The sum of the leaf rates of attachments with a guarantee. A guarantee below the floor counts as the
   * floor.
   */
  guaranteedBits: number;
  /** The number of attachments without a guarantee. */
  floors: number;
}

export type Promised = Record<Direction, PromisedSums> & {
  /** The sum of the ingress guarantees of ready attachments, as they were asked for. */
  readyIngressBits: number;
  /** Whether any attachment has a latency target. */
  hasTargets: boolean;
};

interface Row {
  egress_bits: number;
  egress_floors: number;
  ingress_bits: number;
  ingress_floors: number;
  ready_ingress_bits: number;
  has_targets: 0 | 1;
}

export const nothingPromised: Promised = {
  egress: { guaranteedBits: 0, floors: 0 },
  ingress: { guaranteedBits: 0, floors: 0 },
  readyIngressBits: 0,
  hasTargets: false,
};

/** It is one statement, since each verb runs it. */
const sums = `SELECT egress_bits, egress_floors, ingress_bits, ingress_floors, ready_ingress_bits, EXISTS (
    SELECT 1 FROM attachments INDEXED BY attachments_with_target
    WHERE boot_id = totals.boot_id AND promise ->> '$.latencyTargetUs' IS NOT NULL
  ) AS has_targets
  FROM totals WHERE boot_id = ?`;

export function promisedSums(store: Store): Promised {
  const row = store.get<Row>(sums, store.bootId);
  if (row === null) return nothingPromised;
  return {
    egress: { guaranteedBits: row.egress_bits, floors: row.egress_floors },
    ingress: { guaranteedBits: row.ingress_bits, floors: row.ingress_floors },
    readyIngressBits: row.ready_ingress_bits,
    hasTargets: row.has_targets === 1,
  };
}
