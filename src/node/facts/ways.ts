/** Whether the node sends what is for a pod over the pods' bridge, whatever its rules and tables hold. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { type Way, wayTo } from "../../kernel/read/fib.ts";
import { linkNamed, linkNumbered } from "../../kernel/read/links.ts";
import { ipOfBytes } from "../../plan/ip.ts";
import { type Attachment, podAddresses } from "../../plan/node.ts";
import { mainTable } from "../../plan/route-numbers.ts";

function wayWords(socket: NetlinkSocket, { type, oifIndex, gw, table }: Way): string {
  if (type !== "unicast" || oifIndex === null)
    return type === "local" ? "the node keeps them, as its own" : `they are dropped (${type})`;
  const dev = linkNumbered(socket, oifIndex)?.name ?? `interface ${oifIndex}`;
  const via = gw === null ? "" : ` via ${ipOfBytes(gw)}`;
  return `they leave by ${dev}${via}${table === mainTable ? "" : ` (table ${table})`}`;
}

/**
 * The addresses that are not reached over the bridge, by where their packets go instead. It is empty without
 * the bridge.
 */
function strayWays(addresses: readonly string[], bridge: string): Map<string, string[]> {
  if (addresses.length === 0) return new Map();
  using socket = new NetlinkSocket();
  const own = linkNamed(socket, bridge)?.index;
  const found = new Map<string, string[]>();
  if (own === undefined) return found;
  for (const address of addresses) {
    const way = wayTo(socket, address);
    if (way.type === "unicast" && way.oifIndex === own && way.gw === null) continue;
    const words = wayWords(socket, way);
    found.set(words, [...(found.get(words) ?? []), address]);
  }
  return found;
}

/** This is shown in one line, so only so many addresses are named. */
const shown = 3;

/** Says in words which packets do not go to the bridge, for pods whose interfaces are ours. */
export function strayWayTexts(pods: readonly Attachment[], bridge: string): string[] {
  const addresses = pods
    .filter(({ chained = null }) => chained === null)
    .flatMap(podAddresses)
    .map(({ address }) => address);
  return [...strayWays(addresses, bridge)].map(([words, strays]) => {
    const more = strays.length - shown;
    const list = `${strays.slice(0, shown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    return `packets to ${list} do not go to ${bridge}: ${words}`;
  });
}

export const strayWayAdvice =
  "a route or a rule of somebody else's comes before the pods' own (ip rule show; ip route get ADDRESS tells which): remove it if nothing needs it";
