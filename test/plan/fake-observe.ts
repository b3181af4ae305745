/** The fake kernel, seen as src/kernel/kinds see Linux: with the same gaps. */
import type { TrafficClass } from "../../src/plan/kinds/class.ts";
import type { Ruleset } from "../../src/plan/kinds/ruleset.ts";
import { htbHandle, minorOfHostVeth, tbfHandle } from "../../src/plan/names.ts";
import {
  acceptRaForwarding,
  baseOwner,
  type Entry,
  type KernelObject,
  keyOf,
  type Qdisc,
  type State,
  stateOf,
} from "../../src/plan/state.ts";
import { burstBytes } from "../../src/plan/units.ts";
import type { FakeKernel } from "./fake.ts";

function seenQdisc(qdisc: Qdisc): Qdisc {
  const { spec, parent, handle } = qdisc;
  if (spec.type === "default") return qdisc;
  if (spec.type === "tbf" && handle === tbfHandle)
    return { ...qdisc, spec: { ...spec, burstBytes: burstBytes(spec.burstTicks, spec.rateBytes) } };
  if (parent === "root")
    return { ...qdisc, spec: { type: "foreign", name: `${spec.type} ${handle}` } };
  return qdisc;
}

function seenClass(c: TrafficClass): TrafficClass {
  return {
    ...c,
    burstBytes: burstBytes(c.burstTicks, c.rateBytes),
    cburstBytes: burstBytes(c.cburstTicks, c.ceilBytes),
  };
}

/** nft's JSON, as we read it, has names and comments. */
function seenRuleset(ruleset: Ruleset): Ruleset {
  return {
    ...ruleset,
    sets: ruleset.sets.map((s) => ({ ...s, spec: "" })),
    chains: ruleset.chains.map((c) => ({
      ...c,
      rules: c.rules.map(({ id }) => ({ id, text: "" })),
    })),
  };
}

function counterpart(kernel: FakeKernel, want: KernelObject): KernelObject | null {
  if (want.kind === "announcement")
    return kernel.objects.has(`podlink ${want.netns} ${want.dev}`) ? want : null;
  const found = kernel.objects.get(keyOf(want)) ?? null;
  if (found === null) return null;
  switch (found.kind) {
    case "veth": {
      if (want.kind !== "veth") return null;
      const paired = found.netns === want.netns && found.ifname === want.ifname;
      return paired ? want : { ...want, netns: "elsewhere" };
    }
    case "route":
      // Another device's route is not looked at.
      return want.kind === "route" && found.dev === want.dev ? found : null;
    case "ipv6setting": {
      if (want.kind !== "ipv6setting" || found.kind !== "ipv6setting") return null;
      const forwards = kernel.get("sysctl", "net/ipv6/conf/all/forwarding")?.value === "1";
      // What would end when the node forwards is to be kept; what has ended is not to be begun.
      const isKept = want.value === acceptRaForwarding && (found.value !== "1" || forwards);
      return isKept ? want : found;
    }
    case "qdisc":
      return seenQdisc(found);
    case "class":
      return seenClass(found);
    case "ruleset":
      return seenRuleset(found);
    default:
      return found;
  }
}

function lookUp(kernel: FakeKernel, desired: State): Entry[] {
  return [...desired.values()].flatMap(({ owner, object }) => {
    const found = counterpart(kernel, object);
    return found === null ? [] : [{ owner, object: found }];
  });
}

export function observe(kernel: FakeKernel, desired: State): State {
  return stateOf(lookUp(kernel, desired));
}

function ours(kernel: FakeKernel, bridge: string, devices: string[]): KernelObject[] {
  const pairs = kernel
    .all("port")
    .filter((p) => p.bridge === bridge && minorOfHostVeth(p.name) !== null)
    .map(
      (p): KernelObject => ({ kind: "veth", name: p.name, netns: "unknown", ifname: "unknown" }),
    );
  const queues = kernel
    .all("qdisc")
    .filter((q) => devices.includes(q.dev) && q.parent.startsWith(htbHandle))
    .map(seenQdisc);
  const classes = kernel
    .all("class")
    .filter((c) => devices.includes(c.dev) && c.classid.startsWith(htbHandle))
    .map(seenClass);
  return [...pairs, ...queues, ...classes, ...kernel.all("element")];
}

export function observeOurs(
  kernel: FakeKernel,
  desired: State,
  bridge: string,
  devices: string[],
): State {
  const left = ours(kernel, bridge, devices).map((object): Entry => ({ owner: baseOwner, object }));
  return stateOf([...left, ...lookUp(kernel, desired)]);
}
