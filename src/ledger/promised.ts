/** The sums of what was promised, without reading every row out: each verb asks whether they fit. */
import type { Direction } from "../plan/node.ts";
import { floorBits } from "../plan/shape.ts";
import type { Store } from "./store.ts";

export interface PromisedSums {
  /** Of the leaf rates of those with a guarantee; one below a floor takes a floor. */
  guaranteedBits: number;
  /** Attachments without a guarantee. */
  floors: number;
}

export type Promised = Record<Direction, PromisedSums>;

interface Row {
  egressBits: number | null;
  egressFloors: number;
  ingressBits: number | null;
  ingressFloors: number;
}

const sumOf = (column: string): string =>
  `sum(max(${column}, ?2)) FILTER (WHERE ${column} > 0) AS ${column}Bits,
   count(*) FILTER (WHERE ${column} = 0) AS ${column}Floors`;

const statement = `
SELECT ${sumOf("egress")}, ${sumOf("ingress")} FROM (
  SELECT promise ->> '$.egress.guaranteeBits' AS egress, promise ->> '$.ingress.guaranteeBits' AS ingress
  FROM attachments WHERE boot_id = ?1)`;

export function promisedSums(store: Store): Promised {
  const row = store.get<Row>(statement, store.bootId, floorBits);
  return {
    egress: { guaranteedBits: row?.egressBits ?? 0, floors: row?.egressFloors ?? 0 },
    ingress: { guaranteedBits: row?.ingressBits ?? 0, floors: row?.ingressFloors ?? 0 },
  };
}
