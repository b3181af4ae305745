import type { KernelObject, ObjectKind } from "../../plan/kinds/registry.ts";
import { address } from "./address.ts";
import { announcement } from "./announcement.ts";
import { bridge } from "./bridge.ts";
import { trafficClass } from "./class.ts";
import { element } from "./element.ts";
import { hostlink } from "./hostlink.ts";
import { ifb } from "./ifb.ts";
import { ipv6setting } from "./ipv6setting.ts";
import { kernelroute } from "./kernelroute.ts";
import type { KernelKind } from "./kind.ts";
import { podlink } from "./podlink.ts";
import { port } from "./port.ts";
import { qdisc } from "./qdisc.ts";
import { redirect } from "./redirect.ts";
import { route } from "./route.ts";
import { ruleset } from "./ruleset.ts";
import { sysctl } from "./sysctl.ts";
import { veth } from "./veth.ts";

/** What is asked for many times is read at once in this order. */
const kinds: { [K in ObjectKind]: KernelKind<K> } = {
  address,
  announcement,
  bridge,
  class: trafficClass,
  hostlink,
  ifb,
  ipv6setting,
  kernelroute,
  podlink,
  port,
  qdisc,
  redirect,
  route,
  ruleset,
  sysctl,
  veth,
  element,
};

export const kernelKinds = Object.keys(kinds) as ObjectKind[];

/** The cast is right for the same reason as in `kindOf` (src/plan/kinds/registry.ts). */
export const kernelKindOf = (object: KernelObject): KernelKind<ObjectKind> =>
  kinds[object.kind] as KernelKind<ObjectKind>;
