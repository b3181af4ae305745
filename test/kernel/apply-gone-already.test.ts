/** What goes by itself between our look and our step, as a pair does with its namespace. */
import { afterEach, describe, expect, test } from "bun:test";
import { applySteps } from "../../src/kernel/apply.ts";
import { backendVariable } from "../../src/kernel/backend.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { observe } from "../../src/kernel/observe.ts";
import { desiredBase, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { plainKind } from "../../src/plan/leaf-queue.ts";
import { baseOwner, merge, type State } from "../../src/plan/state.ts";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import { inputOf, networkWith, podWith, trees } from "../plan/samples.ts";

let lab: Lab;
afterEach(() => {
  lab.remove();
  delete process.env[backendVariable];
});

describe.each(["netlink", "exec"])("by %s", (backend) => {
  test("what is to be deleted and is gone is no failure, whichever step it is", () => {
    lab = makeLab({ prefix: "fwg" });
    process.env[backendVariable] = backend;
    const network = networkWith({
      masquerade: { subnets: ["198.18.0.0/24"], except: [] },
      trees: { ...trees, uplink: "uplink", leafKind: plainKind },
    });
    const netns = namespacePath(lab.addPod("a"));
    const base = desiredBase(inputOf([network]));
    const there = merge(base, desiredPod(podWith(0x10, { netns }), network));
    const stepsTo = (wanted: State): Step[] => diff(wanted, observe(there)).steps;
    inNetns(namespacePath(lab.node), () => {
      const make = () => expect(applySteps(stepsTo(there))).toBeNull();
      let [count, gone] = [0, 0];
      for (const wanted of [base, new Map()] satisfies State[]) {
        do {
          make();
          const steps = stepsTo(wanted);
          count = steps.length;
          gone = (gone % count) + 1;
          // In order: the first of them can be deleted without the others.
          expect(applySteps(steps.slice(0, gone))).toBeNull();
          expect({ gone, failure: applySteps(steps) }).toEqual({ gone, failure: null });
          expect({ gone, left: stepsTo(wanted).map(({ why }) => why) }).toEqual({ gone, left: [] });
        } while (gone < count);
        expect(count).toBeGreaterThan(4);
      }
    });
  });

  test("what is there and cannot be deleted is one, told by its place among all steps", () => {
    lab = makeLab({ prefix: "fwg" });
    process.env[backendVariable] = backend;
    inNetns(namespacePath(lab.node), () => {
      const gone = { kind: "ifb", name: "fwgone", mac: "02:00:00:00:00:02", up: true } as const;
      const steps = [gone, gone, { ...gone, name: "lo" }].map(
        (have): Step => ({ op: "delete", owner: baseOwner, want: null, have, takes: [], why: "" }),
      );
      const failure = applySteps(steps);
      expect(failure?.at).toBe(2);
      expect(failure?.done).toEqual([]);
      expect(failure?.error.message).toStartWith("could not delete");
    });
  });
});
