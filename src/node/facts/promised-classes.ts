/** The pods' classes with the promises in force: whoever measures them begins here. */
import { classid, leafHandle } from "../../plan/names.ts";
import { type Attachment, type Direction, directions, type NetworkBase } from "../../plan/node.ts";
import type { NodeView } from "../reconcile/view.ts";

export interface PromisedClass {
  row: Attachment;
  direction: Direction;
  dev: string;
  classid: string;
  /** Of the queue below it. */
  leafHandle: string;
  /** In force, which is less than what was promised where guarantees are scaled. 0 is best effort. */
  guaranteeBits: number;
  /** null means that there is no limit but the tree's rate. */
  limitBits: number | null;
}

/** The devices that the trees stand on. */
export const treeDevicesOf = ({
  trees,
  ingress,
}: Pick<NetworkBase, "trees" | "ingress">): Record<Direction, string> => ({
  egress: trees.uplink,
  ingress: ingress.name,
});

/** Of the attachments that are ready, in both directions. There are none before the first ADD of this boot. */
export function promisedClasses(view: NodeView): PromisedClass[] {
  const { first } = view;
  if (first === null) return [];
  const device = treeDevicesOf(first);
  return view.ready.flatMap((row) =>
    directions.map((direction) => {
      const { guaranteeBits, limitBits } = row.promise[direction];
      return {
        ...{ row, direction, dev: device[direction], guaranteeBits, limitBits },
        classid: classid(row.classMinor),
        leafHandle: leafHandle(row.classMinor),
      };
    }),
  );
}
