import { act, always, fields, interfaceKey, type Kind } from "./kind.ts";

/**
 * A pair that exists. `name` is its end on the node, `ifname` its end in the pod. The settings of the ends
 * are in `port` and `podlink`.
 */
export interface Veth {
  kind: "veth";
  name: string;
  netns: string;
  ifname: string;
}

/** The value of `netns` and `ifname` for a pair that was found only by its name on the node. */
export const unseenEnd = "unknown";

export const veth: Kind<Veth, "make" | "remove"> = {
  key: ({ name }) => `veth ${name}`,
  title: ({ name, ifname }) => `veth pair ${name}${ifname === unseenEnd ? "" : ` - ${ifname}`}`,
  containerKeys: ({ netns, ifname }) => [interfaceKey(netns, ifname)],
  differ: fields("netns", "ifname"),
  isReplaced: always,
  // A far end that was not where it should be was not seen.
  canBeMade: ({ netns }) => netns.startsWith("/"),
  acts: (op, { name, netns, ifname }) => [
    op === "delete"
      ? act("ip", `link del dev ${name}`, "remove")
      : act("ip", `link add name ${name} type veth peer name ${ifname} netns ${netns}`, "make"),
  ],
};
