/** Compares the policy's numbers with a promise's. */
import { type Direction, directions, type PodPromise } from "../plan/node.ts";
import { burstAt, burstRateBits, formatBurst } from "./burst.ts";
import { formatDuration, formatRate } from "./quantities.ts";
import type { Burst, PolicyRules, Ruled } from "./types.ts";

export type Promised = Pick<PodPromise, Direction | "latencyTargetUs">;

export interface Breach {
  /** The key of the rule: "policy.default.maxEgressGuarantee". */
  rule: string;
  /** What was asked, such as "an egress guarantee of 300M". */
  asked: string;
  /** What is allowed, such as "at most 200M". */
  allowed: string;
}

function aboveRate(rule: Ruled<number> | null, field: string, bits: number | null): Breach[] {
  if (rule === null || bits === null || bits <= rule.value) return [];
  return [
    {
      rule: rule.key,
      asked: `an ${field} of ${formatRate(bits)}`,
      allowed: `at most ${formatRate(rule.value)}`,
    },
  ];
}

function aboveBurst(
  rule: Ruled<Burst> | null,
  direction: Direction,
  { [direction]: promised }: Promised,
): Breach[] {
  const { guaranteeBits, limitBits, burstBytes } = promised;
  if (rule === null || burstBytes === null) return [];
  const rateBits = burstRateBits(guaranteeBits, limitBits);
  const most = burstAt(rule.value, rateBits);
  // A maximum beyond what the kernel can hold at the rate is above all that could be asked there.
  if (most.ok ? burstBytes <= most.bytes : rateBits !== null) return [];
  const without = rateBits === null ? ", with neither a limit nor a guarantee," : "";
  return [
    {
      rule: rule.key,
      asked: `an ${direction} burst of ${burstBytes} bytes${without}`,
      allowed: `at most ${formatBurst(rule.value)}`,
    },
  ];
}

/** Where a promise goes beyond the rules. A promise without a limit has the rules' limit (promise/ask.ts). */
export function breaches(rules: PolicyRules, promised: Promised): Breach[] {
  const { latencyTargetUs } = promised;
  const { minLatencyTargetUs: least } = rules;
  const found = directions.flatMap((direction) => {
    const { guaranteeBits, limitBits } = promised[direction];
    const { maxGuaranteeBits, maxLimitBits, maxBurst } = rules[direction];
    const ofLimit = aboveRate(maxLimitBits, `${direction} limit`, limitBits);
    return [
      ...aboveRate(maxGuaranteeBits, `${direction} guarantee`, guaranteeBits),
      ...(ofLimit.length > 0
        ? ofLimit
        : aboveRate(maxLimitBits, `${direction} guarantee`, guaranteeBits)),
      ...aboveBurst(maxBurst, direction, promised),
    ];
  });
  if (latencyTargetUs === null || least === null || latencyTargetUs >= least.value) return found;
  return [
    ...found,
    {
      rule: least.key,
      asked: `a latency target of ${formatDuration(latencyTargetUs)}`,
      allowed: `at least ${formatDuration(least.value)}`,
    },
  ];
}
