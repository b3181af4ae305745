import { familyOf } from "../ip.ts";
import { linkScope, mainTable } from "../route-numbers.ts";
import { act, always, fields, interfaceKey, type Kind, type Op } from "./kind.ts";

export interface Route {
  kind: "route";
  netns: string;
  dev: string;
  /** "0.0.0.0/0" for the default route. */
  dst: string;
  gw: string | null;
  table: number;
  priority: number;
  scope: number;
  /** null means that the route has no value of its own. */
  mtuBytes: number | null;
  advmssBytes: number | null;
}

/** What distinguishes routes to the same destination. It is empty where it is as usual for IPv4. */
const placeText = ({ table, priority }: Route): string =>
  `${table === mainTable ? "" : ` table ${table}`}${priority === 0 ? "" : ` metric ${priority}`}`;

export const route: Kind<Route, Op> = {
  key: (object) => `route ${object.netns} ${object.dst}${placeText(object)}`,
  title: (object) => `route ${object.dst} on ${object.dev}${placeText(object)}`,
  containers: ({ netns, dev }) => [interfaceKey(netns, dev)],
  differ: fields("dev", "gw", "scope", "mtuBytes", "advmssBytes"),
  isReplaced: always,
  isDeletedInPlace: true,
  acts: (op, object) => {
    const { netns, dev, dst, gw, scope, mtuBytes, advmssBytes } = object;
    const place = `${dst}${gw === null ? "" : ` via ${gw}`} dev ${dev}${placeText(object)}`;
    if (op === "delete") return [act("ip", `route del ${place}`, op, netns)];
    const usualScope = gw === null && familyOf(dst) === 4 ? linkScope : 0;
    const words = [
      `route add ${place}`,
      ...(scope === usualScope ? [] : [`scope ${scope}`]),
      ...(mtuBytes === null ? [] : [`mtu ${mtuBytes}`]),
      ...(advmssBytes === null ? [] : [`advmss ${advmssBytes}`]),
    ];
    return [act("ip", words.join(" "), op, netns)];
  },
};
