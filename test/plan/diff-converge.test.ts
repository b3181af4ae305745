/**
 * From whatever a node has become to what it should be: no step is refused, nothing is left to do,
 * and wherever it fails the way back leads to where it began. The kernel is a fake (fake.ts).
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { desiredBase, desiredNode, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import type { KernelObject, State } from "../../src/plan/state.ts";
import { undo } from "../../src/plan/undo.ts";
import { sameTicks } from "../../src/plan/units.ts";
import type { FakeKernel } from "./fake.ts";
import { observe } from "./fake-observe.ts";
import type { TcVersion } from "./fake-tc.ts";
import { trees } from "./samples.ts";
import {
  allEvents,
  changeEvents,
  type Event,
  happens,
  type Node,
  newNode,
  tamperEvents,
} from "./scenario.ts";

const said = (steps: Step[]): string[] => steps.map((s) => `${s.op}: ${s.why}`);

function applyAll(kernel: FakeKernel, steps: Step[]): void {
  for (const [k, step] of steps.entries())
    try {
      kernel.apply(step);
    } catch (error) {
      throw new Error(
        `step ${k}, ${step.op} ${JSON.stringify(step.want ?? step.have)} (${step.why}): ${error}`,
      );
    }
}

/** Bursts within what tc's rounding is; what the kernel puts in a place by itself is like nothing there. */
function comparable(kernel: FakeKernel): Map<string, KernelObject> {
  const isDefault = (o: KernelObject): boolean => o.kind === "qdisc" && o.spec.type === "default";
  return new Map(
    [...kernel.objects].filter(([, o]) => !isDefault(o)).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function withTicksOf(object: KernelObject | undefined, other: KernelObject | undefined): unknown {
  if (object?.kind === "class" && other?.kind === "class") {
    const near =
      sameTicks(object.burstTicks, other.burstTicks) &&
      sameTicks(object.cburstTicks, other.cburstTicks);
    const { burstTicks, cburstTicks } = other;
    const plain = { ...object, burstBytes: 0, cburstBytes: 0 };
    return near ? { ...plain, burstTicks, cburstTicks } : plain;
  }
  if (
    object?.kind === "qdisc" &&
    object.spec.type === "tbf" &&
    other?.kind === "qdisc" &&
    other.spec.type === "tbf"
  ) {
    const near = sameTicks(object.spec.burstTicks, other.spec.burstTicks);
    const { burstTicks } = near ? other.spec : object.spec;
    return { ...object, spec: { ...object.spec, burstBytes: 0, burstTicks } };
  }
  return object;
}

function expectSame(found: FakeKernel, wanted: FakeKernel, about: string): void {
  const [a, b] = [comparable(found), comparable(wanted)];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const left = JSON.stringify(withTicksOf(a.get(key), b.get(key)));
    const right = JSON.stringify(withTicksOf(b.get(key), b.get(key)));
    if (left !== right) throw new Error(`${about}: ${key} is ${left}, was ${right}`);
  }
}

/** What cannot be put back: a pair whose far end was not where it should be, and other people's rules. */
function withoutLost(before: FakeKernel, after: FakeKernel, done: Step[]): FakeKernel {
  const expected = before.clone();
  for (const step of done) {
    if (step.op === "delete" && step.have.kind === "veth" && !step.have.netns.startsWith("/"))
      expected.delete(step.have);
    if (step.op === "change" && step.have.kind === "ruleset") {
      const { table } = step.have;
      const kept = after.all("ruleset").find((ruleset) => ruleset.table === table);
      if (kept !== undefined) expected.put(kept);
    }
  }
  return expected;
}

function expectWayBack(before: FakeKernel, steps: Step[], k: number): void {
  const kernel = before.clone();
  const done = steps.slice(0, k);
  applyAll(kernel, done);
  applyAll(kernel, undo(done));
  expectSame(
    kernel,
    withoutLost(before, kernel, done),
    `after ${k} of ${steps.length} steps and back`,
  );
}

/** One look, one plan, all its steps; and from a failure at each of these points, back. */
function reconcile(
  kernel: FakeKernel,
  look: () => State,
  desired: State,
  failures: number[],
): void {
  const { steps, conflicts } = diff(desired, look());
  expect(conflicts).toEqual([]);
  for (const k of failures) expectWayBack(kernel, steps, k % (steps.length + 1));
  applyAll(kernel, steps);
  expect(said(diff(desired, look()).steps)).toEqual([]);
}

const tcVersions = fc.constantFrom<TcVersion[]>("2022", "2025");
const round = fc.record({
  changes: fc.array(changeEvents, { maxLength: 5 }),
  tamperings: fc.array(tamperEvents, { maxLength: 5 }),
  failures: fc.array(fc.nat(200), { maxLength: 3 }),
});

/** How often each thing could happen: a property of nothing says nothing. */
const happened = new Map<string, number>();

function happen(node: Node, events: Event[]): void {
  for (const event of events)
    if (happens(node, event)) happened.set(event.name, (happened.get(event.name) ?? 0) + 1);
}

function check(numRuns: number, property: fc.IRawProperty<unknown>): void {
  fc.assert(property, { numRuns, includeErrorInReport: true });
}

/** A node with some pods, in the state that it should be in. */
function settled(tc: TcVersion, changes: Event[]): Node {
  const node = newNode(tc);
  happen(node, [{ name: "a pod comes", choices: { a: 0, b: 43, c: 2 } }, ...changes]);
  applyAll(node.kernel, diff(node.desired(), node.observed()).steps);
  return node;
}

/** A busy machine must not fail a property. */
const propertyMs = 60_000;

const several = fc.array(changeEvents, { maxLength: 8 });

describe("a node at random", () => {
  test(
    "is brought to what is desired in one plan, and back from each step of it",
    () => {
      check(
        400,
        fc.property(tcVersions, fc.array(round, { minLength: 1, maxLength: 6 }), (tc, rounds) => {
          const node = newNode(tc);
          for (const { changes, tamperings, failures } of rounds) {
            happen(node, changes);
            happen(node, tamperings);
            reconcile(node.kernel, () => node.observed(), node.desired(), failures);
          }
        }),
      );
      for (const name of allEvents)
        expect([name, (happened.get(name) ?? 0) > 0]).toEqual([name, true]);
    },
    propertyMs,
  );

  test(
    "takes a pod more, and gives it up again, without a trace",
    () => {
      check(
        150,
        fc.property(tcVersions, several, changeEvents, (tc, changes, { choices }) => {
          const node = settled(tc, changes);
          const others = node.pods.length;
          // What the base keeps free for the host follows later.
          const input = node.input();
          happen(node, [{ name: "a pod comes", choices }]);
          const pod = node.pods[others];
          const base = node.networks.find((n) => n.network === pod?.network);
          if (pod === undefined || base === undefined) throw new Error("no pod came");
          const before = node.kernel.clone();
          const wanted = desiredPod(pod, base);
          const look = (): State => observe(node.kernel, wanted);
          const added = diff(wanted, look()).steps.length;
          reconcile(node.kernel, look, wanted, [...Array(added + 1).keys()]);
          expect(said(diff(desiredNode(input, node.pods), node.observed()).steps)).toEqual([]);
          const { length } = diff(new Map(), look()).steps;
          reconcile(node.kernel, look, new Map(), [...Array(length + 1).keys()]);
          expectSame(node.kernel, before, "after the pod");
        }),
      );
    },
    propertyMs,
  );

  test(
    "gives up a pod whatever was done to it",
    () => {
      const tampered = fc.array(
        // HTB deletes no class that has one below it, and only a look at the whole node sees that one.
        tamperEvents.filter(({ name }) => !name.includes("below") && !name.includes("above")),
        { minLength: 1, maxLength: 6 },
      );
      check(
        300,
        fc.property(tcVersions, several, tampered, fc.nat(5), (tc, changes, tamperings, choice) => {
          const node = settled(tc, changes);
          const pod = node.pods[choice % node.pods.length];
          const base = node.networks.find((n) => n.network === pod?.network);
          if (pod === undefined || base === undefined) return;
          happen(node, tamperings);
          const former = desiredPod(pod, base);
          const look = (): State => observe(node.kernel, former);
          reconcile(node.kernel, look, new Map(), []);
          expect(node.kernel.has(`veth ${pod.hostVeth}`)).toBe(false);
          for (const { address } of pod.leases)
            expect(node.kernel.has(`element class4 ${address}`)).toBe(false);
        }),
      );
    },
    propertyMs,
  );

  test(
    "is a plain node again when all of it goes",
    () => {
      check(
        150,
        fc.property(
          tcVersions,
          several,
          fc.array(tamperEvents, { maxLength: 4 }),
          (tc, changes, tamperings) => {
            const node = settled(tc, changes);
            const former = node.desired();
            const look = (): State => observe(node.kernel, former);
            // A table that was deleted cannot be made again, and the tables go last.
            const length =
              1 + diff(new Map(), look()).steps.findIndex(({ have }) => have?.kind === "ruleset");
            if (tamperings.length === 0)
              for (let k = 0; k < length; k++)
                expectWayBack(node.kernel, diff(new Map(), look()).steps, k);
            happen(node, tamperings);
            reconcile(node.kernel, look, new Map(), []);
            const isNodes = (o: KernelObject): boolean =>
              o.kind === "sysctl" ||
              o.kind === "hostlink" ||
              // Somebody's own, in the place of one of the kernel's.
              (o.kind === "kernelroute" && o.dev === null) ||
              (o.kind === "ipv6setting" && o.dev === trees.uplink);
            const left = [...comparable(node.kernel).values()].filter((o) => !isNodes(o));
            // Pairs of nobody's are found by a look at the whole node.
            const isStray = (o: KernelObject): boolean =>
              o.kind === "veth" || o.kind === "port"
                ? /^fwv[ef]/.test(o.name)
                : "netns" in o && o.netns?.endsWith("stray") === true;
            expect(left.filter((o) => !isStray(o))).toEqual([]);
          },
        ),
      );
    },
    propertyMs,
  );

  test("keeps a root qdisc of somebody else's, and says so", () => {
    const node = settled("2022", []);
    const root = node.kernel.get("qdisc", "eth0", "root");
    if (root === null) throw new Error("no root");
    node.kernel.delete(root);
    const other: KernelObject = { ...root, handle: "7:", spec: { type: "htb", defaultMinor: 1 } };
    node.kernel.create(other);
    const { conflicts } = diff(node.desired(), node.observed());
    expect(conflicts).toMatchObject([
      { have: { dev: "eth0", spec: { type: "foreign", name: "htb 7:" } } },
    ]);
    // Neither is it taken for a leftover.
    const base = desiredBase(node.input());
    expect(
      diff(new Map(), observe(node.kernel, base)).steps.some(
        (s) => s.have?.kind === "qdisc" && s.have.parent === "root" && s.have.dev === "eth0",
      ),
    ).toBe(false);
  });
});
