import { portSet, tableOfSet } from "../names.ts";
import { act, always, fields, type Kind, type Op } from "./kind.ts";

export interface Element {
  kind: "element";
  set: string;
  key: string;
  /** The value in a map. It is null in a set. */
  value: string | null;
}

export const elementOf = (set: string, key: string, value: string | null = null): Element => ({
  kind: "element",
  set,
  key,
  value,
});

export const element: Kind<Element, Op> = {
  key: ({ set, key }) => `element ${set} ${key}`,
  title: ({ set, key }) => `element ${key} of ${set}`,
  containers: ({ set }) => [`ruleset ${tableOfSet(set)}`],
  differ: fields("value"),
  isReplaced: always,
  // With nft that is one transaction. (An interval set refuses an element that overlaps one that is still
  // there.)
  isDeletedInPlace: true,
  acts: (op, { set, key, value }) => {
    const verb = op === "delete" ? "delete" : "add";
    const bare = set === portSet ? `"${key}"` : key;
    // A deletion names only the key, because the value may be another one by now.
    const entry = value === null || op === "delete" ? bare : `${bare} : ${value}`;
    return [act("nft", `${verb} element ${tableOfSet(set)} ${set} { ${entry} }`, op)];
  },
};
