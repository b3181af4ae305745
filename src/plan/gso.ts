/** The largest units of a device, as the kernel keeps them. */
import type { HostLink } from "./state.ts";

/** GSO_LEGACY_MAX_SIZE, include/linux/netdevice.h */
const oldLimitBytes = 65_536;

/**
 * IPv4's own limit once the general one is set. A size up to the old limit sets both, a size above it sets
 * only the general one (netif_set_gso_max_size).
 */
const followingIpv4Bytes = (gsoMaxBytes: number): number => Math.min(gsoMaxBytes, oldLimitBytes);

export const ipv4BytesOf = ({ gsoMaxBytes, gsoIpv4MaxBytes }: Omit<HostLink, "kind">): number =>
  gsoIpv4MaxBytes ?? followingIpv4Bytes(gsoMaxBytes);

/** The general sizes that have to be set, one after the other, so that IPv4's own limit follows. */
export function gsoSizes({ gsoMaxBytes }: HostLink): number[] {
  return gsoMaxBytes > oldLimitBytes ? [oldLimitBytes, gsoMaxBytes] : [gsoMaxBytes];
}

/**
 * What is to be recorded: IPv4's own limit, where it does not follow from the general one. null means that
 * the kernel has no such limit, or does not tell it.
 */
export function ownIpv4Bytes(
  gsoMaxBytes: number,
  gsoIpv4MaxBytes: number | null,
): { gsoIpv4MaxBytes?: number } {
  const follows = gsoIpv4MaxBytes === null || gsoIpv4MaxBytes === followingIpv4Bytes(gsoMaxBytes);
  return follows ? {} : { gsoIpv4MaxBytes };
}
