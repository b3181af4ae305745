/** Tells how full each range set is: a pod needs an address of every one. */
import { type Pool, poolsOf } from "../../node/addresses/leases.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

/** At this level an operator still has time to do something. */
const nearlyFullPercent = 90n;

export function judgePool({ network, setIndex, ranges, given, total }: Pool): Finding {
  const id = `pool.${network}.${setIndex}` as const;
  const found = `${given} of ${total} addresses given (${ranges})`;
  const all = BigInt(total);
  if (BigInt(given) >= all)
    return error(
      id,
      `${found}: no pod can start`,
      "widen the range set, or remove pods (`fairway status` lists the holders)",
    );
  return BigInt(given) * 100n >= all * nearlyFullPercent
    ? warn(id, found, "widen the range set before it is full")
    : ok(id, found);
}

export function pools({ ledger, configs }: Patient): Finding[] {
  if (ledger === null) return [];
  return configs.flatMap((config) =>
    attempt(`pool.${config.name}`, () => poolsOf(ledger, config).map(judgePool)),
  );
}
