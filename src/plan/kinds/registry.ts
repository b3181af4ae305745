/**
 * All kinds of kernel objects, in the order in which they are made: a tree before a leaf, a pair before its
 * addresses, a map before its element.
 */
import { address } from "./address.ts";
import { announcement } from "./announcement.ts";
import { bridge } from "./bridge.ts";
import { trafficClass } from "./class.ts";
import { element } from "./element.ts";
import { hostlink } from "./hostlink.ts";
import { ifb } from "./ifb.ts";
import { ipv6setting } from "./ipv6setting.ts";
import { kernelroute } from "./kernelroute.ts";
import type { Kind } from "./kind.ts";
import { podlink } from "./podlink.ts";
import { port } from "./port.ts";
import { qdisc } from "./qdisc.ts";
import { redirect } from "./redirect.ts";
import { route } from "./route.ts";
import { ruleset } from "./ruleset.ts";
import { sysctl } from "./sysctl.ts";
import { veth } from "./veth.ts";

const registered = {
  ruleset,
  // Elements name devices and classes without needing them to exist. They come before a pod's link is up, so
  // that even the first packets of the pod are checked.
  element,
  bridge,
  ifb,
  hostlink,
  veth,
  port,
  // This comes before an end is up, because going up begins what these settings forbid. It also comes before
  // the node forwards, because an interface stops accepting router advertisements at that moment.
  ipv6setting,
  sysctl,
  podlink,
  address,
  kernelroute,
  route,
  // The qdiscs and classes of a tree are made by depth: the root, the HTB, the classes, and last the queues.
  qdisc,
  class: trafficClass,
  // Nothing is led into a tree that is not complete.
  redirect,
  // By this time the port almost always passes frames on.
  announcement,
};

type Registered = typeof registered;
export type ObjectKind = keyof Registered;

type Objects = { [K in ObjectKind]: Registered[K] extends Kind<infer O, infer _> ? O : never };
type Words = { [K in ObjectKind]: Registered[K] extends Kind<infer _, infer Does> ? Does : never };
export type ObjectOf<K extends ObjectKind> = Objects[K];
/** What the lines of a kind do. */
export type DoesOf<K extends ObjectKind> = Words[K];
export type KernelObject = ObjectOf<ObjectKind>;

const kinds: { [K in ObjectKind]: Kind<Extract<KernelObject, { kind: K }>, DoesOf<K>> } =
  registered;

export const orderOfMaking = Object.keys(kinds);

/**
 * The kind of an object. The cast is right because an object's kind is the one under which it is registered,
 * and because two objects that are handed to a kind together have the same key. The compiler knows the first
 * only where the kind is one and not any of several.
 */
export const kindOf = (object: KernelObject): Kind<KernelObject, DoesOf<ObjectKind>> =>
  kinds[object.kind] as Kind<KernelObject, DoesOf<ObjectKind>>;
