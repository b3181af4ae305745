/** fq_codel's settings as the kernel tells them. */
import type { FqCodel } from "../../plan/leaf-queue.ts";
import { codelGivenUs } from "../../plan/units.ts";
import type { Attributes } from "../netlink/codec.ts";
import { TCA_FQ_CODEL } from "../netlink/tables.ts";

/**
 * A value that an older kernel does not tell (the batch before 4.7, memory before 4.8) is 0. So it never
 * equals what is asked for.
 */
export function fqCodelOf(options: Attributes): FqCodel {
  const number = (type: number): number => options.u32(type) ?? 0;
  const threshold = options.u32(TCA_FQ_CODEL.CE_THRESHOLD);
  return {
    type: "fq_codel",
    targetUs: codelGivenUs(number(TCA_FQ_CODEL.TARGET)),
    intervalUs: codelGivenUs(number(TCA_FQ_CODEL.INTERVAL)),
    limitPackets: number(TCA_FQ_CODEL.LIMIT),
    memoryLimitBytes: number(TCA_FQ_CODEL.MEMORY_LIMIT),
    flows: number(TCA_FQ_CODEL.FLOWS),
    quantumBytes: number(TCA_FQ_CODEL.QUANTUM),
    dropBatchPackets: number(TCA_FQ_CODEL.DROP_BATCH_SIZE),
    ecn: number(TCA_FQ_CODEL.ECN) !== 0,
    ceThresholdUs: threshold === undefined ? null : codelGivenUs(threshold),
  };
}
