/** What the one loop does with what the kernel answers, by a real kernel. Each row is a text of what happened. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { inNetns } from "../../../src/kernel/netns.ts";
import { observe } from "../../../src/kernel/observe.ts";
import { type Options, reconcile, rounds, type Scope } from "../../../src/node/reconcile/run.ts";
import type { Step } from "../../../src/plan/diff.ts";
import {
  baseOwner,
  type KernelObject,
  keyOf,
  type State,
  stateOf,
} from "../../../src/plan/state.ts";
import { type Lab, makeLab } from "../../../src/prove/lab/lab.ts";
import { namespacePath } from "../../../src/prove/lab/namespaces.ts";

let lab: Lab;
beforeAll(() => {
  lab = makeLab({ prefix: "fwe" });
});
afterAll(() => lab.remove());

const bridge = (name: string): KernelObject => ({
  kind: "bridge",
  name,
  mac: "02:00:00:00:00:03",
  mtuBytes: 1500,
  up: true,
});
const [a, b] = [bridge("fwea"), bridge("fweb")];
/** The kernel refuses it, whatever is tried. */
const nowhere: KernelObject = { kind: "address", netns: null, dev: "fwez", cidr: "198.18.9.1/24" };

const of = (...objects: KernelObject[]): State =>
  stateOf(objects.map((object) => ({ owner: baseOwner, object })));
const all: State = of(a, b);
const words = (steps: Step[]): string[] =>
  steps.map(({ op, want, have }) => `${op} ${keyOf((want ?? have) as KernelObject)}`);

interface Row {
  there?: KernelObject[];
  desired: KernelObject[];
  options?: Options;
  /** It is called after each look, with how many there were. */
  meanwhile?: (looks: number) => void;
  forGood?: true;
}

const make = (...objects: KernelObject[]): void => {
  const scope = { desired: () => of(...objects), observed: observe, steps: stepsOf };
  expect(reconcile(scope).failure).toBeNull();
};
const clear = (...objects: KernelObject[]): void => {
  const there = observe(of(...objects));
  reconcile({ desired: () => new Map(), observed: () => there, steps: stepsOf });
};
const stepsOf: Scope["steps"] = ({ steps }) => steps;

function played({ there = [], desired, options, meanwhile, forGood }: Row) {
  return inNetns(namespacePath(lab.node), () => {
    clear(a, b);
    make(...there);
    const lock = { ledger: null as never, touched: false };
    let [looks, calls] = [0, 0];
    const outcome = reconcile(
      {
        desired: () => of(...desired),
        observed: () => {
          looks += 1;
          const seen = observe(new Map([...all, ...of(...desired)]));
          meanwhile?.(looks);
          return seen;
        },
        steps: stepsOf,
        ...(forGood && {
          beforePairsGo: () => {
            calls += 1;
          },
        }),
      },
      { ...options, lock },
    );
    return {
      done: words(outcome.done),
      left: words(outcome.left),
      refused: outcome.failure === null ? null : outcome.failure.message.split(":")[0],
      present: [...observe(all).keys()],
      looks,
      touched: lock.touched,
      ...(forGood && { calls }),
    };
  });
}

const [createA, createB] = ["create bridge fwea", "create bridge fweb"];

test("what is as desired asks nothing of the kernel", () => {
  expect(played({ there: [a], desired: [a] })).toEqual({
    done: [],
    left: [],
    refused: null,
    present: ["bridge fwea"],
    looks: 1,
    touched: false,
  });
});

test("one plan is done after one look", () => {
  expect(played({ there: [b], desired: [a] })).toMatchObject({
    done: ["delete bridge fweb", createA],
    refused: null,
    present: ["bridge fwea"],
    looks: 1,
    touched: true,
  });
});

test("what is refused is taken back, with what was done before it", () => {
  expect(played({ there: [b], desired: [a, nowhere] })).toMatchObject({
    done: [],
    refused: "could not create address 198.18.9.1/24 on fwez",
    present: ["bridge fweb"],
    looks: 2,
    touched: true,
  });
});

test("what disappears between the look and the step is looked at again, and no refusal", () => {
  const takeB = (looks: number): void => {
    if (looks === 1) clear(b);
  };
  const changed = { ...b, mac: "02:00:00:00:00:04" } as KernelObject;
  const row = played({ there: [a, b], desired: [a, changed], meanwhile: takeB });
  expect(row).toMatchObject({ done: [createB], refused: null, looks: 2 });
});

test("what is assumed needs no look where it is so", () => {
  expect(played({ desired: [a, b], options: { assumed: new Map() } })).toMatchObject({
    done: [createA, createB],
    refused: null,
    looks: 0,
    touched: true,
  });
});

test("what is assumed and not so is taken back, and looked at", () => {
  const row = played({ there: [b], desired: [a, b], options: { assumed: new Map() } });
  expect(row).toMatchObject({
    done: [createA],
    refused: null,
    present: ["bridge fwea", "bridge fweb"],
    looks: 1,
  });
});

test("what is refused for another reason than what is there is not looked at", () => {
  const row = played({ desired: [a, nowhere], options: { assumed: new Map() } });
  expect(row).toMatchObject({ done: [], present: [], looks: 0 });
  expect(row.refused).toStartWith("could not create address");
});

test("until it is at rest: a look after each plan, and the last one finds nothing", () => {
  expect(played({ desired: [a], options: { untilAtRest: true } })).toMatchObject({
    done: [createA],
    left: [],
    refused: null,
    looks: 2,
  });
});

test("what never comes to rest is told as left", () => {
  let looks = 0;
  const restless: Scope = {
    desired: () => of(b),
    observed: (desired) => {
      looks += 1;
      clear(b);
      return observe(desired);
    },
    steps: stepsOf,
  };
  const { done, left, failure } = inNetns(namespacePath(lab.node), () =>
    reconcile(restless, { untilAtRest: true }),
  );
  expect({ done: done.length, left: words(left), failure, looks }).toEqual({
    done: rounds,
    left: [createB],
    failure: null,
    looks: rounds + 1,
  });
});

test("what goes for good is tried again and not taken back", () => {
  const row = played({ there: [b], desired: [nowhere], forGood: true });
  expect(row).toMatchObject({ present: [], calls: 0, touched: true });
  expect(row.refused).toStartWith("could not create address");
  expect(row.looks).toBeGreaterThan(2);
  expect(played({ there: [b], desired: [], forGood: true })).toMatchObject({
    done: ["delete bridge fweb"],
    refused: null,
    present: [],
    calls: 1,
  });
});

test("a step that is refused and then wanted no more ends well", () => {
  let wanted: KernelObject[] = [a, nowhere];
  const outcome = inNetns(namespacePath(lab.node), () => {
    clear(a, b);
    return reconcile({
      desired: () => of(...wanted),
      observed: (desired) => {
        const seen = observe(desired);
        wanted = [a];
        return seen;
      },
      steps: stepsOf,
    });
  });
  expect(outcome.failure).toBeNull();
  expect(words(outcome.done)).toContain(createA);
});
