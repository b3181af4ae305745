/**
 * The vocabulary of a node's state. What is desired and what is observed use the same one. A state is a set
 * of objects by key; the differences between two states become steps (diff.ts).
 */
import { type KernelObject, kindOf } from "./kinds/registry.ts";

export type { Address } from "./kinds/address.ts";
export { acceptRaForwarding, ipv6Path } from "./kinds/ipv6setting.ts";
export type { Qdisc, QdiscSpec } from "./kinds/qdisc.ts";
export type { KernelObject } from "./kinds/registry.ts";
export type { Sysctl } from "./kinds/sysctl.ts";

/** The owner is "base" for what all pods share, otherwise it is the attachment's name. */
export type Owner = string;
export const baseOwner: Owner = "base";

export interface Entry {
  owner: Owner;
  object: KernelObject;
}

export type State = Map<string, Entry>;

/** Two objects with the same key are the same thing, perhaps with different settings. */
export const keyOf = (object: KernelObject): string => kindOf(object).key(object);

/** The object's name as a person reads it. */
export const titleOf = (object: KernelObject): string => kindOf(object).title(object);

export function stateOf(entries: Iterable<Entry>): State {
  const state: State = new Map();
  for (const entry of entries) state.set(keyOf(entry.object), entry);
  return state;
}

export function merge(...states: State[]): State {
  return stateOf(states.flatMap((state) => [...state.values()]));
}
