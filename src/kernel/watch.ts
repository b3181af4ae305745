/**
 * Tells of changes of the node's links, addresses, routes, trees and tables, as the kernel makes them known.
 * It tells what kind of thing was changed and no more: what differs is found by a look.
 */
import { listen } from "./netlink/listener.ts";
import { type Cause, type Interest, siftRoute, siftTables } from "./watch-filter.ts";

/** The groups of include/uapi/linux/rtnetlink.h: RTNLGRP_... */
const routeGroups = {
  LINK: 1,
  TC: 4,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
} as const;
/** NFNLGRP_NFTABLES, include/uapi/linux/netfilter/nfnetlink.h */
const nftablesGroup = 7;

/**
 * So much is kept until it is read. An ADD brings about 20 KiB of notifications, as the kernel accounts for
 * them, and the load of a large table of somebody else's some MiB.
 */
const usualReceiveBytes = 4 << 20;

interface Noticed {
  causes: ReadonlySet<Cause>;
  /** The generations of nf_tables by which tables of ours were changed. */
  generations: readonly number[];
}

export interface WatchOptions {
  /** What concerns us at this moment; null means everything. */
  interest(): Interest | null;
  noticed(what: Noticed): void;
  /** It hears nothing more. What was told last is "lost" unless it was disposed of. */
  ended(why: string): void;
  receiveBytes?: number;
}

/** It watches the namespace that this is called in, from the moment when it returns its promise. Throws io. */
export async function watch(options: WatchOptions): Promise<Disposable> {
  const { interest, noticed, receiveBytes = usualReceiveBytes } = options;
  const opened = new DisposableStack();
  let isPending = false;
  let hasEnded = false;
  const ended = (why: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    opened.dispose();
    noticed({ causes: new Set(["lost"]), generations: [] });
    options.ended(why);
  };
  const route = listen({
    protocol: "route",
    groups: Object.values(routeGroups),
    receiveBytes,
    ended,
    heard: (datagram) => {
      const causes = siftRoute(datagram, interest());
      if (causes.size > 0) noticed({ causes, generations: [] });
    },
  });
  const tables = listen({
    protocol: "netfilter",
    groups: [nftablesGroup],
    receiveBytes,
    ended,
    heard: (datagram) => {
      const sifted = siftTables(datagram, isPending);
      ({ isPending } = sifted);
      if (sifted.causes.size + sifted.generations.length > 0) noticed(sifted);
    },
  });
  const results = await Promise.allSettled([route, tables]);
  const refused = results.find(({ status }) => status === "rejected");
  // It may have ended while it was being opened.
  const isOpen = refused === undefined && !hasEnded;
  for (const result of results)
    if (result.status === "fulfilled") {
      if (isOpen) opened.use(result.value);
      else result.value[Symbol.dispose]();
    }
  if (refused?.status === "rejected") throw refused.reason;
  return opened;
}
