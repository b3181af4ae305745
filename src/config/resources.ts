/** Bandwidth as Kubernetes' scheduler counts it: an extended resource for each direction, in whole Mbit/s. Pure. */

export const resourceNames = {
  egress: "fairway.dev/egress-mbps",
  ingress: "fairway.dev/ingress-mbps",
} as const;

export const bitsPerMbps = 1_000_000;

/** For what is asked: a pod is never counted with less than it is promised. */
export const mbpsUp = (bits: number): number => Math.ceil(bits / bitsPerMbps);

/** For what there is. */
export const mbpsDown = (bits: number): number => Math.floor(bits / bitsPerMbps);
