/**
 * What was in our places before Fairway first touched them since the node booted. `uninstall` puts it back.
 * It is looked at before the first change, and the first look stands.
 */
import { readdirSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { findToolIfAny, runTool } from "../../kernel/children.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { observe } from "../../kernel/observe.ts";
import { linkNamed } from "../../kernel/read/links.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { allQdiscs } from "../../kernel/read/tc.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import { clsactParent } from "../../plan/names.ts";
import { noHandle } from "../../plan/root.ts";
import {
  baseOwner,
  type Entry,
  type KernelObject,
  keyOf,
  type Qdisc,
  type State,
  type Sysctl,
  stateOf,
} from "../../plan/state.ts";
import { thereOf } from "./scopes.ts";

/**
 * These are facts of the ledger. The value is the object as it was seen, as JSON; it is null where there was
 * none.
 */
const seenPrefix = "former ";
/**
 * What somebody had put at a root with a handle of its own, as tc shows it. It is kept for a person to read.
 */
const shownPrefix = "former-root-shown ";
/** The kinds of queue below a root that was the kernel's own. */
const belowPrefix = "former-root-below ";
/** The queue length of a device, which is recorded where it was 0. */
const lengthPrefix = "former-queue-length ";

/** These kinds are there before us, or belong to the whole node, so they are changed and not made. */
const changed = new Set<KernelObject["kind"]>(["sysctl", "ipv6setting", "hostlink", "bridge"]);

/** The settings of all devices below /proc/sys, which the kernel sets along with another. */
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

/** The root of a device as it is; null means that it has none, or that there is no such device. */
export function rootOf(dev: string): Qdisc | null {
  const [entry] = observe(stateOf([{ owner: baseOwner, object: rootPlace(dev) }])).values();
  return entry?.object.kind === "qdisc" ? entry.object : null;
}

/** The root of a device as tc shows it, with all of its settings, and what stands below it. Throws missingTool. */
function shownRoot(dev: string): string {
  const { ok, stdout, stderr } = runTool("tc", ["qdisc", "show", "dev", dev]);
  if (!ok) throw new FairwayError("kernelRefused", `tc cannot show the root of ${dev}: ${stderr}`);
  return stdout
    .replaceAll(/ refcnt \d+/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^qdisc (clsact|ingress) /.test(line))
    .sort()
    .join("; ");
}

/** The kinds of queue that stand below a root: an mq has one for each queue of the device. */
function kindsBelow(dev: string): string {
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, dev)?.index;
  const below = allQdiscs(socket).filter(
    (q) => q.ifindex === index && q.parent !== "root" && q.parent !== clsactParent,
  );
  return [...new Set(below.map(({ kind }) => kind))].sort().join(", ");
}

/** With our root, the kernel gives a queue length of 1000 to a device that had 0 (qdisc_create). */
function recordQueueLength(ledger: Ledger, dev: string): void {
  using socket = new NetlinkSocket();
  if (linkNamed(socket, dev)?.txQueueLength === 0) ledger.setFact(`${lengthPrefix}${dev}`, "0");
}

/** The former queue lengths by device. */
export function formerQueueLengths(view: LedgerView): ReadonlyMap<string, number> {
  return new Map(
    [...view.factsUnder(lengthPrefix)].map(([key, value]) => [
      key.slice(lengthPrefix.length),
      Number(value),
    ]),
  );
}

/** A step at the root of a device, with the queue length that the device had. */
export function withQueueLength(step: Step, lengths: ReadonlyMap<string, number>): Step {
  const object = step.op === "delete" ? step.have : step.want;
  if (object.kind !== "qdisc" || object.parent !== "root") return step;
  const txQueueLength = lengths.get(object.dev);
  const { spec } = object;
  if (txQueueLength === undefined || (spec.type !== "tbf" && spec.type !== "default")) return step;
  const withLength = { ...object, spec: { ...spec, txQueueLength } };
  return step.op === "delete" ? { ...step, have: withLength } : { ...step, want: withLength };
}

function recordRoot(ledger: Ledger, dev: string): void {
  const spec = rootOf(dev)?.spec ?? { type: "default", name: `noqueue ${noHandle}` };
  if (spec.type !== "default") return;
  const [kind = "", handle = noHandle] = spec.name.split(" ");
  const known = ledger.formerRoots().some(({ device }) => device === dev);
  ledger.recordFormerRoot({ device: dev, kind, handle });
  if (known) return;
  recordQueueLength(ledger, dev);
  if (kind === "mq") ledger.setFact(`${belowPrefix}${dev}`, kindsBelow(dev));
  // This is for a person to read, so a node without tc does without it.
  if (handle === noHandle || findToolIfAny("tc") === null) return;
  ledger.setFact(`${shownPrefix}${dev}`, shownRoot(dev));
}

/** Call it inside `exclusively`, before a step of the base is applied. */
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

/** Whether anything is recorded, which means that a base was made since the node booted. */
export function hasFormer(view: LedgerView): boolean {
  return view.factsUnder(seenPrefix).size > 0 || view.formerRoots().length > 0;
}

/** Whether the ledger tells what stood in the place of an object, if anything did. */
export function knowsFormer(
  view: LedgerView,
  { kind, name }: { kind: "bridge" | "ifb"; name: string },
): boolean {
  return view.factsUnder(seenPrefix).has(`${seenPrefix}${kind} ${name}`);
}

/** Whether the kernel may have set this object along with another (movedAlong). */
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
  return thereOf(wanted);
}

/** Call it once all of it is put back. */
export function forgetFormer(ledger: Ledger): void {
  for (const prefix of [seenPrefix, shownPrefix, belowPrefix, lengthPrefix])
    ledger.forgetFactsUnder(prefix);
  for (const { device } of ledger.formerRoots()) ledger.forgetFormerRoot(device);
}

/** Says in words which roots are not what they were. */
export function rootsThatDiffer(view: LedgerView): string[] {
  const shown = view.factsUnder(shownPrefix);
  const below = view.factsUnder(belowPrefix);
  return view.formerRoots().flatMap(({ device, kind, handle }) => {
    const now = rootOf(device);
    const before = findToolIfAny("tc") === null ? undefined : shown.get(`${shownPrefix}${device}`);
    if (before === undefined) {
      // There is no root where a bridge of ours is gone, or where a device is down, until it comes up.
      const name = now !== null && "name" in now.spec ? now.spec.name : null;
      const [is] = (name ?? kind).split(" ");
      const queues = below.get(`${belowPrefix}${device}`);
      const queuesNow = is === "mq" && name !== null ? kindsBelow(device) : queues;
      if (is === kind && queues !== queuesNow)
        return [
          `the queues below the root ${kind} of ${device} were ${queues}, the kernel's own; now its choice is ${queuesNow}`,
        ];
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
