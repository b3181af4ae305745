/**
 * Whether what has our names was there before us: a bridge with somebody's ports, or a table with somebody's
 * chains. Only what is empty is taken over, and `uninstall` gives it back.
 */
import { FairwayError } from "../../errors.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { type Link, linkNamed } from "../../kernel/read/links.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { bridgeMac, guardTable, table } from "../../plan/names.ts";
import type { IngressPlace } from "../../plan/node.ts";
import { isOthersTable, othersOnBridge } from "../facts/others.ts";
import { hasFormer, knowsFormer } from "./former.ts";

function namedLink(name: string): Link | null {
  using socket = new NetlinkSocket();
  return linkNamed(socket, name);
}

/**
 * null means that there is none of that name, that it is ours, or that it was recorded before it was changed.
 */
function linkBefore(view: LedgerView, kind: "bridge" | "ifb", name: string): Link | null {
  const link = namedLink(name);
  if (link === null || knowsFormer(view, { kind, name })) return null;
  return link.type === kind && link.mac === bridgeMac(name) ? null : link;
}

function refuseLink(place: IngressPlace, { type, mac }: Link): FairwayError {
  const { kind, name } = place;
  const what = `there is an interface ${name} already, which is not Fairway's`;
  if (kind === "ifb")
    return new FairwayError(
      "badConfig",
      `${what}: ${type === "ifb" ? `an IFB with the MAC ${mac}` : `a ${type ?? "device without a kind"}`}, in the place of the ingress tree`,
      `Fairway takes nobody's away: ip link del dev ${name} if nothing needs it, else give it another name`,
    );
  return new FairwayError(
    "badConfig",
    `bridge: ${what}: a ${type ?? "device without a kind"}`,
    `give another name in \`bridge\`, or ip link del dev ${name} if nothing needs it`,
  );
}

/** null means that the places are free, ours, or to be taken over. */
export function placesTaken(view: LedgerView, place: IngressPlace): FairwayError | null {
  if (place.kind === "ifb" || place.owned) {
    const link = linkBefore(view, place.kind, place.name);
    if (link !== null && (place.kind === "ifb" || link.type !== "bridge"))
      return refuseLink(place, link);
    const others = link === null ? [] : othersOnBridge(place.name);
    if (others.length > 0)
      return new FairwayError(
        "badConfig",
        `bridge: there is a bridge ${place.name} already, which is not Fairway's (its MAC is ${link?.mac}), with ${others.join(", ")}`,
        `Fairway takes nobody's away: give another name in \`bridge\`, or take those from it (ip link set dev PORT nomaster) if nothing needs them there`,
      );
  }
  const taken = hasFormer(view) ? [] : [table, guardTable].filter(isOthersTable);
  return taken.length === 0
    ? null
    : new FairwayError(
        "badConfig",
        `there is a table ${taken.join(" and ")} already, in which nothing is Fairway's`,
        `Fairway takes nobody's away: give it another name (nft list table ${taken[0]}), or nft delete table ${taken[0]} if nothing needs it`,
      );
}

/** A bridge that the first ADD will take over, since nothing is on it; null means that there is none. */
export function bridgeToTake(view: LedgerView, place: IngressPlace): Link | null {
  return place.kind === "bridge" && place.owned && placesTaken(view, place) === null
    ? linkBefore(view, "bridge", place.name)
    : null;
}
