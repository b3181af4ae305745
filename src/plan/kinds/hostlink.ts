import { act, always, difference, type Kind } from "./kind.ts";

/** A device that is not ours. We set only its largest GSO unit. */
export interface HostLink {
  kind: "hostlink";
  /** When it is absent, the device is in the node's own namespace. */
  netns?: string;
  name: string;
  gsoMaxBytes: number;
  /** IPv4's own limit, where it does not follow from `gsoMaxBytes`. If absent, it was not asked for. */
  gsoIpv4MaxBytes?: number;
}

/** GSO_LEGACY_MAX_SIZE, include/linux/netdevice.h */
const oldLimitBytes = 65_536;

/**
 * IPv4's own limit once the general one is set. A size up to the old limit sets both, a size above it sets
 * only the general one (netif_set_gso_max_size).
 */
const followingIpv4Bytes = (gsoMaxBytes: number): number => Math.min(gsoMaxBytes, oldLimitBytes);

/** The general sizes that have to be set, one after the other, so that IPv4's own limit follows. */
const gsoSizes = (gsoMaxBytes: number): number[] =>
  gsoMaxBytes > oldLimitBytes ? [oldLimitBytes, gsoMaxBytes] : [gsoMaxBytes];

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

export const hostlink: Kind<HostLink, { limit: "gso" | "gso_ipv4"; bytes: number }> = {
  key: ({ netns, name }) => `hostlink ${netns === undefined ? "" : `${netns} `}${name}`,
  title: ({ netns, name }) => `${netns === undefined ? "" : "pod "}interface ${name}`,
  differ: (want, have) => [
    ...difference("gsoMaxBytes", want.gsoMaxBytes, have.gsoMaxBytes),
    ...(want.gsoIpv4MaxBytes === undefined
      ? []
      : difference(
          "gsoIpv4MaxBytes",
          want.gsoIpv4MaxBytes,
          have.gsoIpv4MaxBytes ?? followingIpv4Bytes(have.gsoMaxBytes),
        )),
  ],
  stays: always,
  acts: (op, { netns, name, gsoMaxBytes, gsoIpv4MaxBytes }) => {
    // The device is not ours to make or to remove.
    if (op === "delete") return [];
    const set = (limit: "gso" | "gso_ipv4", bytes: number) =>
      act("ip", `link set dev ${name} ${limit}_max_size ${bytes}`, { limit, bytes }, netns);
    return [
      ...gsoSizes(gsoMaxBytes).map((bytes) => set("gso", bytes)),
      // This needs iproute2 6.3, which whoever set that limit had.
      ...(gsoIpv4MaxBytes === undefined ? [] : [set("gso_ipv4", gsoIpv4MaxBytes)]),
    ];
  },
};
