/**
 * What was in our places before Fairway first touched them since the node booted: what `uninstall`
 * puts back. It is looked at before the first change, and the first look stands.
 */
import { readdirSync } from "node:fs";
import { FairwayError } from "../errors.ts";
import { findToolIfAny, runTool } from "../kernel/children.ts";
import { observe } from "../kernel/observe.ts";
import { readSysctl } from "../kernel/read/sysctl.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import {
  baseOwner,
  type Entry,
  type KernelObject,
  keyOf,
  type Qdisc,
  type State,
  type Sysctl,
  stateOf,
} from "../plan/state.ts";

/** Facts of the ledger: the value is the object as it was seen, as JSON; null where there was none. */
const seenPrefix = "former ";
/** As tc shows what somebody had put at a root with a handle of its own, for a person. */
const shownPrefix = "former-root-shown ";

/** What is there before us, or belongs to the whole node, and is changed and not made. */
const changed = new Set<KernelObject["kind"]>(["sysctl", "ipv6setting", "hostlink", "bridge"]);

/** The settings below /proc/sys that the kernel sets along with another. */
function devicesSettings(family: "ipv4" | "ipv6", setting: string): string[] {
  return readdirSync(`/proc/sys/net/${family}/conf`).map(
    (device) => `net/${family}/conf/${device}/${setting}`,
  );
}
const movedAlong: Record<string, () => string[]> = {
  // inet_forward_change(), net/ipv4/devinet.c
  "net/ipv4/ip_forward": () => [
    "net/ipv4/conf/all/accept_redirects",
    ...devicesSettings("ipv4", "forwarding"),
  ],
  // addrconf_fixup_forwarding(), net/ipv6/addrconf.c
  "net/ipv6/conf/all/forwarding": () => devicesSettings("ipv6", "forwarding"),
};

function alongWith(object: KernelObject): Sysctl[] {
  if (object.kind !== "sysctl" || readSysctl(object.path) === object.value) return [];
  return (movedAlong[object.path]?.() ?? []).flatMap((path): Sysctl[] => {
    const value = path === object.path ? null : readSysctl(path);
    return value === null ? [] : [{ kind: "sysctl", path, value }];
  });
}

const rootPlace = (dev: string): Qdisc => ({
  kind: "qdisc",
  dev,
  parent: "root",
  handle: "",
  spec: { type: "default", name: "" },
});

/** The root of a device, as it is; null: none, or there is no such device. */
export function rootOf(dev: string): Qdisc | null {
  const [entry] = observe(stateOf([{ owner: baseOwner, object: rootPlace(dev) }])).values();
  return entry?.object.kind === "qdisc" ? entry.object : null;
}

/** The handle of what the kernel attached by itself. */
const noHandle = "0:";

/** The root of a device as tc shows it, with all of its settings. Throws missingTool. */
export function shownRoot(dev: string): string {
  const { ok, stdout, stderr } = runTool("tc", ["qdisc", "show", "dev", dev, "root"]);
  if (!ok) throw new FairwayError("kernelRefused", `tc cannot show the root of ${dev}: ${stderr}`);
  return stdout.replaceAll(/ refcnt \d+/g, "").trim();
}

function recordRoot(ledger: Ledger, dev: string): void {
  const spec = rootOf(dev)?.spec ?? { type: "default", name: `noqueue ${noHandle}` };
  if (spec.type !== "default") return;
  const [kind = "", handle = noHandle] = spec.name.split(" ");
  const known = ledger.formerRoots().some(({ device }) => device === dev);
  ledger.recordFormerRoot({ device: dev, kind, handle });
  // For a person, so a node without tc does without.
  if (known || handle === noHandle || findToolIfAny("tc") === null) return;
  ledger.setFact(`${shownPrefix}${dev}`, shownRoot(dev));
}

/** Inside `exclusively`, before a step of the base is applied. */
export function recordFormer(ledger: Ledger, base: State): void {
  const known = ledger.factsUnder(seenPrefix);
  const record = (key: string, seen: KernelObject | null): void => {
    if (!known.has(key)) ledger.setFact(key, JSON.stringify(seen));
  };
  const wanted = stateOf([...base.values()].filter(({ object }) => changed.has(object.kind)));
  const seen = observe(wanted);
  for (const [key, { object }] of wanted) {
    if (known.has(`${seenPrefix}${key}`)) continue;
    record(`${seenPrefix}${key}`, seen.get(key)?.object ?? null);
    for (const other of alongWith(object)) record(`${seenPrefix}${keyOf(other)}`, other);
  }
  for (const { object } of base.values())
    if (object.kind === "qdisc" && object.parent === "root") recordRoot(ledger, object.dev);
}

/** Whether anything is recorded: a base was made since the node booted. */
export function hasFormer(view: LedgerView): boolean {
  return view.factsUnder(seenPrefix).size > 0 || view.formerRoots().length > 0;
}

/** Whether the kernel may have set it along with another (movedAlong). */
export const followsAnother = (object: KernelObject): boolean =>
  object.kind === "sysctl" &&
  object.path.includes("/conf/") &&
  !Object.hasOwn(movedAlong, object.path);

/** What the node has to have again. What is gone since, or comes by itself, is not in it. */
export function formerState(view: LedgerView): State {
  const objects = [...view.factsUnder(seenPrefix).values()].flatMap((text) => {
    const object = JSON.parse(text) as KernelObject | null;
    return object === null ? [] : [object];
  });
  const roots = view
    .formerRoots()
    .filter(({ handle }) => handle !== noHandle)
    .map(
      ({ device, kind, handle }): KernelObject => ({
        ...rootPlace(device),
        handle,
        spec: { type: "default", name: kind },
      }),
    );
  const wanted = stateOf(
    [...objects, ...roots].map((object): Entry => ({ owner: baseOwner, object })),
  );
  const present = observe(wanted);
  return new Map([...wanted].filter(([key]) => present.has(key)));
}

/** Once it is put back. */
export function forgetFormer(ledger: Ledger): void {
  for (const prefix of [seenPrefix, shownPrefix]) ledger.forgetFactsUnder(prefix);
  for (const { device } of ledger.formerRoots()) ledger.forgetFormerRoot(device);
}

/** The roots that are not what they were, in words. */
export function rootsThatDiffer(view: LedgerView): string[] {
  const shown = view.factsUnder(shownPrefix);
  return view.formerRoots().flatMap(({ device, kind, handle }) => {
    const now = rootOf(device);
    const before = findToolIfAny("tc") === null ? undefined : shown.get(`${shownPrefix}${device}`);
    if (before === undefined) {
      // A bridge of ours is gone; a device that is down shows none until it comes up.
      const name = now !== null && "name" in now.spec ? now.spec.name : null;
      const [is] = (name ?? kind).split(" ");
      return is === kind
        ? []
        : [`the root qdisc of ${device} was ${kind}, the kernel's own; now its choice is ${is}`];
    }
    const is = now === null ? "none" : shownRoot(device);
    return is === before
      ? []
      : [
          `the root qdisc of ${device} was "${before}" and is "${is}": handle ${handle} is back, its settings are not`,
        ];
  });
}
