/** The observed state of what a desired state names, and also of what has our names and belongs to nobody. */
import { unseenEnd } from "../plan/kinds/veth.ts";
import * as names from "../plan/names.ts";
import {
  baseOwner,
  type Entry,
  type KernelObject,
  type Owner,
  type State,
  stateOf,
} from "../plan/state.ts";
import { classObject } from "./kinds/class.ts";
import { qdiscObject } from "./kinds/qdisc.ts";
import { redirectObject } from "./kinds/redirect.ts";
import { Look } from "./look.ts";
import { lookUp } from "./observe.ts";
import type { Link } from "./read/links.ts";
import { setsOf } from "./set-keys.ts";

const nobody: Owner = baseOwner;

const leftover = (object: KernelObject): Entry => ({ owner: nobody, object });

/**
 * The anti-spoofing table, while nobody wants it. It would hold pods to elements that none of them gets any
 * more.
 */
function unwantedGuard(look: Look, desired: State): Entry[] {
  const wanted = [...desired.values()].some(
    ({ object }) => object.kind === "ruleset" && object.table === names.guardTable,
  );
  const found = wanted ? null : look.tables.ruleset(names.guardTable);
  return found === null ? [] : [leftover(found)];
}

/** Does the same as `observe`, for a desired state that has the base in it. */
export function observeShared(desired: State): State {
  using look = new Look();
  return stateOf([...unwantedGuard(look, desired), ...lookUp(look, desired)]);
}

/**
 * Does the same as `observeShared`, and adds the elements of the sets that only the base fills: what a former
 * configuration left there may overlap what the new one wants.
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

/**
 * Whether a pair is ours: it is on our bridge, or it is on no bridge and has the MAC that we give it, as an
 * ADD that died leaves it.
 */
function isOurPair({ name, mac, masterIndex }: Link, bridgeIndex: number | undefined): boolean {
  const minor = names.minorOfHostVeth(name);
  if (minor === null) return false;
  return masterIndex === null ? mac === names.hostMac(minor) : masterIndex === bridgeIndex;
}

/**
 * The objects that have our names on these devices: pairs, classes and queues in our trees, elements of our
 * sets.
 */
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

/** Our filters, wherever they are, each with the hook that it is in. */
function redirects(look: Look): KernelObject[] {
  return look.clsacts().flatMap((dev): KernelObject[] => {
    const redirect = redirectObject(look, dev);
    // The filter is in our place, but it is not ours. That is reported where a filter is wanted.
    if (redirect?.to == null) return [];
    const hooks = look.qdiscs(dev).filter(({ parent }) => parent === names.clsactParent);
    return [redirect, ...hooks.map((entry) => qdiscObject(look, dev, entry))];
  });
}

/** All of our filters on a node with their hooks, for callers that do not know what to look for. */
export function observeRedirects(): State {
  using look = new Look();
  return stateOf(redirects(look).map(leftover));
}

/** Does the same as `observeShared`, and adds the leftovers: what is ours there without being desired. */
export function observeOurs(desired: State, bridge: string, devices: string[]): State {
  using look = new Look();
  const left = ours(look, bridge, devices).map(leftover);
  // What was looked up has its owner, so it comes last and replaces the others.
  return stateOf([...unwantedGuard(look, desired), ...left, ...lookUp(look, desired)]);
}
