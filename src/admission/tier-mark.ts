import type { Direction } from "../plan/node.ts";

/**
 * What is left on a pod whose requests came from its tier: a resource that a tier gave is none that the pod brought.
 * The API server asks its policies in no order, and a webhook anew where another one changed the pod. It is below no
 * prefix that the plugin reads.
 */
export const tierMark: Record<Direction, string> = {
  egress: "scheduling.fairway.dev/egress-tier",
  ingress: "scheduling.fairway.dev/ingress-tier",
};
