/** Handles an uplink that has another name than its trees were recorded with. */

import { FairwayError } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { allQdiscs } from "../../kernel/read/tc.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { tbfHandle } from "../../plan/names.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { baseInForce } from "../facts/capacity.ts";
import { findUplink } from "../facts/uplink.ts";

/** The names of all interfaces, and of those with a tree of ours at their root. */
function linksNow(): { present: Set<string>; withTree: string[] } {
  using socket = new NetlinkSocket();
  const links = allLinks(socket);
  const rooted = new Set(
    allQdiscs(socket)
      .filter(({ parent, handle }) => parent === "root" && handle === tbfHandle)
      .map(({ ifindex }) => ifindex),
  );
  return {
    present: new Set(links.map(({ name }) => name)),
    withTree: links.filter(({ index }) => rooted.has(index)).map(({ name }) => name),
  };
}

function gone(
  { network, ingress, trees: { uplink } }: NetworkBase,
  withTree: string[],
): FairwayError {
  const [now] = withTree.filter((name) => name !== ingress.name);
  const renamed = now === undefined ? "" : `; ${now} has Fairway's egress tree`;
  const back =
    now === undefined
      ? `bring ${uplink} back`
      : `if it was renamed: ip link set dev ${now} name ${uplink} (with ${now} down)`;
  return new FairwayError(
    "uplinkUnknown",
    `there is no interface ${uplink}, the uplink of network ${network}${renamed}`,
    `${back}, or name another in uplink.name of the conflist: the next ADD takes it`,
  );
}

/**
 * Call it inside `exclusively`. A network that names no uplink follows the node's default route to the
 * interface's new name. Throws uplinkUnknown for a network that names its uplink.
 */
export function followUplink(ledger: Ledger): void {
  const recorded = ledger.networks().filter(({ isOfThisBoot }) => isOfThisBoot);
  if (recorded.length === 0) return;
  const { present, withTree } = linksNow();
  for (const { name, config: text, base } of recorded) {
    if (present.has(base.trees.uplink)) continue;
    const config = parseNetworkConfig(JSON.parse(text));
    if (config.uplink.name !== null) throw gone(base, withTree);
    const now = findUplink(config.uplink, config.bridge);
    ledger.recordNetwork({ name, config: text, base: baseInForce(ledger, config, now) });
  }
}
