/** The observed state with what bears our names and is nobody's, beside what a desired state names. */
import * as names from "../plan/names.ts";
import {
  baseOwner,
  type Entry,
  type KernelObject,
  type Owner,
  type State,
  stateOf,
  unseenEnd,
} from "../plan/state.ts";
import { Look } from "./look.ts";
import { classObject, lookUp, qdiscObject, redirectObject } from "./observe.ts";
import type { Link } from "./read/links.ts";
import { setsOf } from "./set-keys.ts";

const nobody: Owner = baseOwner;

const leftover = (object: KernelObject): Entry => ({ owner: nobody, object });

/** The anti-spoofing table while nobody wants it: it holds pods to elements that none of them gets any more. */
function unwantedGuard(look: Look, desired: State): Entry[] {
  const wanted = [...desired.values()].some(
    ({ object }) => object.kind === "ruleset" && object.table === names.guardTable,
  );
  const found = wanted ? null : look.tables.ruleset(names.guardTable);
  return found === null ? [] : [leftover(found)];
}

/** As `observe`, for a desired state that has the base in it. */
export function observeShared(desired: State): State {
  using look = new Look();
  return stateOf([...unwantedGuard(look, desired), ...lookUp(look, desired)]);
}

/**
 * As `observeShared`, and the elements of the sets that only the base fills: what a former configuration
 * left there may overlap what the new one wants.
 */
export function observeBase(desired: State): State {
  using look = new Look();
  const elements = setsOf(names.table)
    .filter(({ name }) => name !== names.portSet && !Object.values(names.classMap).includes(name))
    .flatMap(({ name }) => look.loadSet(name));
  return stateOf([
    ...unwantedGuard(look, desired),
    ...elements.map(leftover),
    ...lookUp(look, desired),
  ]);
}

/** On our bridge, or with the MAC that we give it on none, as an ADD that died leaves it. */
function isOurPair({ name, mac, masterIndex }: Link, bridgeIndex: number | undefined): boolean {
  const minor = names.minorOfHostVeth(name);
  if (minor === null) return false;
  return masterIndex === null ? mac === names.hostMac(minor) : masterIndex === bridgeIndex;
}

/** What bears our names on these devices: pairs, classes and queues in our trees, elements of our sets. */
function ours(look: Look, bridge: string, devices: string[]): KernelObject[] {
  const bridgeIndex = look.link(bridge)?.index;
  const pairs = look
    .links()
    .filter((l) => l.type === "veth" && isOurPair(l, bridgeIndex))
    .map(
      (l): KernelObject => ({ kind: "veth", name: l.name, netns: unseenEnd, ifname: unseenEnd }),
    );
  const inTrees = devices.flatMap((dev): KernelObject[] => {
    const queues = look
      .qdiscs(dev)
      .filter((q) => q.parent.startsWith(names.htbHandle))
      .map((q) => qdiscObject(look, dev, q));
    const classes = [...look.loadClasses(dev).values()].flatMap((c) => classObject(dev, c) ?? []);
    return [...queues, ...classes.filter((c) => c.classid.startsWith(names.htbHandle))];
  });
  const elements = [names.table, names.guardTable]
    .flatMap(setsOf)
    .flatMap(({ name }) => look.loadSet(name));
  return [...pairs, ...inTrees, ...redirects(look), ...elements];
}

/** Our filters, wherever they are, with the hook that they stand in. */
function redirects(look: Look): KernelObject[] {
  return look.clsacts().flatMap((dev): KernelObject[] => {
    const redirect = redirectObject(look, dev);
    // In our place, and not ours: that is told where it is wanted.
    if (redirect?.to == null) return [];
    const hooks = look.qdiscs(dev).filter(({ parent }) => parent === names.clsactParent);
    return [redirect, ...hooks.map((entry) => qdiscObject(look, dev, entry))];
  });
}

/** All of our filters of a node, and our IFB, for who does not know what to look for. */
export function observeRedirects(): State {
  using look = new Look();
  return stateOf(redirects(look).map(leftover));
}

/** As `observeShared`, and what is ours there without being desired: leftovers. */
export function observeOurs(desired: State, bridge: string, devices: string[]): State {
  using look = new Look();
  const left = ours(look, bridge, devices).map(leftover);
  // What was looked up knows its owner, so it comes last.
  return stateOf([...unwantedGuard(look, desired), ...left, ...lookUp(look, desired)]);
}
