import { type UsualChanges, usualActs, usualDifferences, type WithUnusual } from "../usual.ts";
import { ipv6Path } from "./ipv6setting.ts";
import { act, fields, type Kind, setting, upDown } from "./kind.ts";

export interface Bridge extends WithUnusual {
  kind: "bridge";
  mac: string;
  mtuBytes: number;
  up: boolean;
  /**
   * Whether the bridge goes up without duplicate address detection. That detection begins at the moment it
   * goes up, and while the node has no usable address of its own it asks for no neighbour on behalf of a
   * sender that wants to reach a pod.
   */
  withoutDad?: true;
}

export const bridge: Kind<Bridge, "make" | "set" | "remove" | UsualChanges> = {
  key: ({ name }) => `bridge ${name}`,
  title: ({ name }) => `bridge ${name}`,
  differ: (want, have) => [
    ...fields<Bridge>("mac", "mtuBytes", "up")(want, have),
    ...usualDifferences("bridge", want, have),
  ],
  brings: ({ name }, have) => (have?.up === true ? null : { netns: null, dev: name }),
  acts: (op, object, have) => {
    const { name, mac, mtuBytes, up, withoutDad } = object;
    if (op === "delete") return [act("ip", `link del dev ${name}`, "remove")];
    // An explicit MTU keeps the bridge from following the smallest MTU of its ports.
    const text = `link set dev ${name} address ${mac} mtu ${mtuBytes} ${upDown(up)}`;
    const settings = act("ip", text, "set" as const);
    if (op === "change") return [settings, ...usualActs("bridge", object, have)];
    return [
      act("ip", `link add name ${name} address ${mac} type bridge`, "make"),
      ...(withoutDad ? [setting(ipv6Path({ dev: name, name: "accept_dad" }), "0")] : []),
      settings,
    ];
  },
};
