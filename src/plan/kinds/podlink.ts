import { type UsualChanges, usualActs, usualDifferences, type WithUnusual } from "../usual.ts";
import { act, fields, interfaceKey, type Kind, upDown } from "./kind.ts";

/** The pod's end of a pair. */
export interface PodLink extends WithUnusual {
  kind: "podlink";
  netns: string;
  mac: string;
  mtuBytes: number;
  gsoMaxBytes: number;
  up: boolean;
}

export const podlink: Kind<PodLink, "set" | UsualChanges> = {
  key: ({ netns, name }) => `podlink ${netns} ${name}`,
  title: ({ name }) => `pod interface ${name}`,
  containers: ({ netns, name }) => [interfaceKey(netns, name)],
  differ: (want, have) => [
    ...fields<PodLink>("mac", "mtuBytes", "gsoMaxBytes", "up")(want, have),
    ...usualDifferences("podlink", want, have),
  ],
  brings: ({ netns, name }, have) => (have?.up === true ? null : { netns, dev: name }),
  acts: (op, object, have) => {
    if (op === "delete") return [];
    const { netns, name, mac, mtuBytes, gsoMaxBytes, up } = object;
    const text = `link set dev ${name} address ${mac} mtu ${mtuBytes} gso_max_size ${gsoMaxBytes} ${upDown(up)}`;
    return [act("ip", text, "set", netns), ...usualActs("podlink", object, have, netns)];
  },
};
