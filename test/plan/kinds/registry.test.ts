/** The contract of the kinds, held to by a sample of each. */
import { describe, expect, test } from "bun:test";
import { batchesOf } from "../../../src/kernel/effects.ts";
import { desiredBase, desiredPod } from "../../../src/plan/desired.ts";
import { differences, type Step } from "../../../src/plan/diff.ts";
import { kindOf, orderOfMaking } from "../../../src/plan/kinds/registry.ts";
import { ingressIfb } from "../../../src/plan/names.ts";
import { linesOf } from "../../../src/plan/render.ts";
import { type KernelObject, keyOf, merge, titleOf } from "../../../src/plan/state.ts";
import { inputOf, networkWith, podWith, trees } from "../samples.ts";

const own = networkWith({ subnets: ["10.1.0.0/24", "fd00::/64"] });
const chained = networkWith({
  ingress: { kind: "ifb", name: ingressIfb },
  trees: { ...trees, setsHostGso: true },
});
const chainedPod = podWith(0x11, { chained: { formerGsoMaxBytes: 65_536, txQueueLength: 0 } });

const samples = new Map<string, KernelObject>();
for (const { object } of merge(
  desiredBase(inputOf([own])),
  desiredPod(podWith(0x10), own),
  desiredBase(inputOf([chained])),
  desiredPod(chainedPod, chained),
).values())
  samples.set(object.kind, object);

const common = { owner: "base", why: "a test" };
const stepsOf = (object: KernelObject): Step[] => [
  { ...common, op: "create", want: object, have: null },
  { ...common, op: "change", want: object, have: object },
  { ...common, op: "delete", want: null, have: object, takes: [] },
];

test("there is a sample of each kind", () => {
  expect([...samples.keys()].sort()).toEqual(orderOfMaking.toSorted());
});

/** "end" is a pair by its end in the pod. */
const known = [...orderOfMaking, "end"].join("|");

describe.each([...samples])("an object of the kind %s", (kind, object) => {
  test("has a key that begins with its kind, and a title", () => {
    expect(keyOf(object)).toStartWith(`${kind} `);
    expect(keyOf(structuredClone(object))).toBe(keyOf(object));
    expect(titleOf(object)).not.toBe("");
  });

  test("does not differ from itself", () => {
    expect(differences(object, structuredClone(object))).toEqual([]);
  });

  test("names containers that some kind has as a key", () => {
    const names = kindOf(object).containers?.(object) ?? [];
    for (const name of names) expect(name).toMatch(new RegExp(`^(${known}) `));
  });

  test("has a message for each line, or the line is carried out", () => {
    for (const step of stepsOf(object)) {
      const effects = batchesOf([step], "netlink").flat();
      expect(effects.map(({ line }) => line)).toEqual(linesOf(step));
      for (const { by, line } of effects) {
        if (line.tool === "sysctl") expect(by).toBe("file");
        else if (line.tool === "nft") expect(by).toBe("nfnetlink");
        else expect(by).toBe("netlink");
      }
    }
  });

  test("has the same lines for the tools", () => {
    for (const step of stepsOf(object)) {
      const effects = batchesOf([step], "exec").flat();
      expect(effects.map(({ line }) => line)).toEqual(linesOf(step));
      for (const { by, line } of effects) expect(by).toBe(line.tool === "sysctl" ? "file" : "tool");
    }
  });
});
