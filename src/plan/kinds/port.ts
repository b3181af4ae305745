import { type UsualChanges, usualActs, usualDifferences, type WithUnusual } from "../usual.ts";
import { act, fields, type Kind, upDown } from "./kind.ts";

/** The node's end of a pair. */
export interface Port extends WithUnusual {
  kind: "port";
  mac: string;
  mtuBytes: number;
  /** null means that it is on no bridge. */
  bridge: string | null;
  hairpin: boolean;
  /**
   * One bit for each group address that a bridge normally keeps to itself. A bit that is set makes the bridge
   * forward that address like any other.
   */
  groupForwardMask: number;
  up: boolean;
}

const settings = fields<Port>("mac", "mtuBytes", "bridge", "hairpin", "groupForwardMask", "up");

export const port: Kind<Port, "set" | "set as port" | UsualChanges> = {
  key: ({ name }) => `port ${name}`,
  title: ({ name }) => `host interface ${name}`,
  containers: ({ name }) => [`veth ${name}`],
  differ: (want, have) => [...settings(want, have), ...usualDifferences("port", want, have)],
  acts: (op, object, have) => {
    if (op === "delete") return [];
    const { name, mac, mtuBytes, bridge, hairpin, groupForwardMask, up } = object;
    const master = bridge === null ? "nomaster" : `master ${bridge}`;
    const link = `link set dev ${name} address ${mac} mtu ${mtuBytes} ${master} ${upDown(up)}`;
    // A port's own settings are accepted by its bridge, so it has to be on the bridge first.
    const onBridge = act("ip", link, "set" as const);
    if (bridge === null) return [onBridge];
    const asPort = `hairpin ${hairpin ? "on" : "off"} group_fwd_mask ${groupForwardMask}`;
    return [
      onBridge,
      act("ip", `link set dev ${name} type bridge_slave ${asPort}`, "set as port"),
      ...usualActs("port", object, have),
    ];
  },
};
