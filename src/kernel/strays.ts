/** Everything that has our names on a node, wherever it is, for callers that do not know what to look for. */
import { qdiscOf } from "../plan/kinds/qdisc.ts";
import { unseenEnd } from "../plan/kinds/veth.ts";
import * as names from "../plan/names.ts";
import { baseOwner, type Entry, type KernelObject, type State, stateOf } from "../plan/state.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { observe } from "./observe.ts";
import { observeRedirects } from "./ours.ts";
import { allLinks, type Link } from "./read/links.ts";
import { allQdiscs } from "./read/tc.ts";

const entry = (object: KernelObject): Entry => ({ owner: baseOwner, object });

/** A bridge is recognised by the MAC that we gave it. */
function deviceOf({ name, type, mac, mtuBytes, up }: Link): KernelObject[] {
  if (type === "veth" && names.minorOfHostVeth(name) !== null)
    return [{ kind: "veth", name, netns: unseenEnd, ifname: unseenEnd }];
  if (type === "ifb" && name === names.ingressIfb && mac === names.bridgeMac(name))
    return [{ kind: "ifb", name, mac, up }];
  return type === "bridge" && mac === names.bridgeMac(name)
    ? [{ kind: "bridge", name, mac, mtuBytes, up }]
    : [];
}

/** Finds pairs, bridges, the IFB, our filters, our roots on any device, and the tables. */
export function strays(): State {
  using socket = new NetlinkSocket();
  const links = allLinks(socket);
  const byIndex = new Map(links.map((link) => [link.index, link.name]));
  const wanted = allQdiscs(socket)
    .filter(({ parent, handle }) => parent === "root" && handle === names.tbfHandle)
    .flatMap(({ ifindex }): KernelObject[] => {
      const dev = byIndex.get(ifindex);
      if (dev === undefined) return [];
      return [qdiscOf(dev, "root", names.tbfHandle, { type: "default", name: "" })];
    });
  const tables = [names.table, names.guardTable].map(
    (table): KernelObject => ({ kind: "ruleset", table, sets: [], chains: [] }),
  );
  const found = observe(stateOf([...wanted, ...tables].map(entry)));
  const trees = [...found.values()].filter(
    ({ object }) => object.kind !== "qdisc" || object.spec.type === "tbf",
  );
  return stateOf([...links.flatMap(deviceOf).map(entry), ...observeRedirects().values(), ...trees]);
}
