import { tbfClass } from "../names.ts";
import type { RateShape } from "../shape.ts";
import { rateText, ticksDifference } from "../units.ts";
import { act, fields, type Kind, type Op } from "./kind.ts";

export interface TrafficClass extends RateShape {
  kind: "class";
  dev: string;
  /** "fa01:10" */
  classid: string;
  /** "root" for the class below the qdisc itself. */
  parent: string;
}

/** What a tree goes with, from the outside in: its device, its root, and the HTB below that. */
export const treeContainers = (dev: string): string[] => [
  `bridge ${dev}`,
  `ifb ${dev}`,
  `qdisc ${dev} root`,
  `qdisc ${dev} ${tbfClass}`,
];

/** The class directly below the qdisc has the qdisc as its parent. */
export const parentHandle = ({ parent, classid }: TrafficClass): string =>
  parent === "root" ? `${classid.split(":")[0]}:` : parent;

function lineText(op: Op, c: TrafficClass): string {
  if (op === "delete") return `class del dev ${c.dev} classid ${c.classid}`;
  return [
    `class ${op === "create" ? "add" : "change"} dev ${c.dev} parent ${parentHandle(c)} classid ${c.classid}`,
    `htb rate ${rateText(c.rateBytes)} ceil ${rateText(c.ceilBytes)}`,
    `burst ${c.burstBytes}b cburst ${c.cburstBytes}b quantum ${c.quantumBytes} prio ${c.prio}`,
  ].join(" ");
}

export const trafficClass: Kind<TrafficClass, Op> = {
  key: ({ dev, classid }) => `class ${dev} ${classid}`,
  title: ({ classid, dev }) => `class ${classid} on ${dev}`,
  containers: ({ dev }) => treeContainers(dev),
  // HTB deletes no class that has another below it.
  above: ({ dev, parent }) => `class ${dev} ${parent}`,
  differ: (want, have) => [
    ...fields<TrafficClass>("parent", "rateBytes", "ceilBytes", "quantumBytes", "prio")(want, have),
    ...ticksDifference("burst", want.burstTicks, have.burstTicks),
    ...ticksDifference("cburst", want.cburstTicks, have.cburstTicks),
  ],
  isReplaced: (want, have) => want.parent !== have.parent,
  acts: (op, object) => [act("tc", lineText(op, object), op)],
};
