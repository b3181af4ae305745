/**
 * What the scheduler counts: a resource for each direction, in whole Mbit/s. A guarantee is rounded up and a
 * capacity down, so that what was counted always has room.
 */

export const resourceNames = {
  egress: "fairway.dev/egress-mbps",
  ingress: "fairway.dev/ingress-mbps",
} as const;

export const bitsPerMbps = 1_000_000;

export const mbpsUp = (bits: number): number => Math.ceil(bits / bitsPerMbps);

export const mbpsDown = (bits: number): number => Math.floor(bits / bitsPerMbps);
