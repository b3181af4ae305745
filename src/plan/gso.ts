/** The largest units of a device, as the kernel keeps them. */
import type { HostLink } from "./state.ts";

/** GSO_LEGACY_MAX_SIZE, include/linux/netdevice.h */
const oldLimitBytes = 65_536;

/** IPv4's own limit once the general one is set: a size up to the old limit sets both, one above it the general one alone (netif_set_gso_max_size). */
const followingIpv4Bytes = (gsoMaxBytes: number): number => Math.min(gsoMaxBytes, oldLimitBytes);

export const ipv4BytesOf = ({ gsoMaxBytes, gsoIpv4MaxBytes }: Omit<HostLink, "kind">): number =>
  gsoIpv4MaxBytes ?? followingIpv4Bytes(gsoMaxBytes);

/** The general sizes to be set, one after the other, so that IPv4's own follows. */
export function gsoSizes({ gsoMaxBytes }: HostLink): number[] {
  return gsoMaxBytes > oldLimitBytes ? [oldLimitBytes, gsoMaxBytes] : [gsoMaxBytes];
}

/** As it is to be recorded: IPv4's own limit where it does not follow. null: the kernel has none, or does not tell. */
export function ownIpv4Bytes(
  gsoMaxBytes: number,
  gsoIpv4MaxBytes: number | null,
): { gsoIpv4MaxBytes?: number } {
  const follows = gsoIpv4MaxBytes === null || gsoIpv4MaxBytes === followingIpv4Bytes(gsoMaxBytes);
  return follows ? {} : { gsoIpv4MaxBytes };
}
