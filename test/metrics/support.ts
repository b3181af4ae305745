import type { PromisedClass } from "../../src/node/facts/promised-classes.ts";
import type { Counters } from "../../src/plan/counters.ts";
import type { Attachment, Direction } from "../../src/plan/node.ts";

export interface ClassGiven {
  pod: string | null;
  namespace?: string;
  containerId?: string;
  direction?: Direction;
  guaranteeBits?: number;
  limitBits?: number | null;
  tier?: string | null;
}

/** Only what a series is made from is there. */
export function classOf(given: ClassGiven): PromisedClass {
  const { pod, namespace = "shop", containerId = pod ?? "nameless", tier = null } = given;
  const row = {
    ...{ network: "pods", containerId, ifname: "eth0", podName: pod, podNamespace: namespace },
    promise: { tier },
  } as Attachment;
  return {
    row,
    direction: given.direction ?? "egress",
    dev: "uplink",
    classid: `fa01:${containerId}`,
    leafHandle: `${containerId}:`,
    guaranteeBits: given.guaranteeBits ?? 0,
    limitBits: given.limitBits ?? null,
  };
}

/** What a look found, by the container's id. */
export const found =
  (byContainer: Readonly<Record<string, Counters>>) =>
  ({ row }: PromisedClass): Counters | null =>
    byContainer[row.containerId] ?? null;
