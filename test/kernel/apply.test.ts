import { describe, expect, test } from "bun:test";
import { batchesOf } from "../../src/kernel/effects.ts";
import { desiredBase, desiredPod } from "../../src/plan/desired.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { linesOf } from "../../src/plan/render.ts";
import type { KernelObject } from "../../src/plan/state.ts";
import { inputOf, networkWith, podWith } from "../plan/samples.ts";

const network = networkWith({ masquerade: { subnets: ["10.1.0.0/24"], except: [] } });
const pod = desiredPod(podWith(0x10), network);
const base = desiredBase(inputOf([network]));

const create = (want: KernelObject): Step => ({
  owner: "a",
  why: "",
  op: "create",
  want,
  have: null,
});
/** Each batch as its tool and namespace, and the steps that its lines are of. */
const told = (steps: Step[]) =>
  batchesOf(steps, "exec").map((batch) => [
    batch[0]?.line.tool,
    batch[0]?.line.netns?.split("/").at(-1) ?? "node",
    batch.map(({ step }) => step),
  ]);

describe("the executions of a plan", () => {
  test("are none of no steps", () => {
    expect(batchesOf([], "exec")).toEqual([]);
  });

  test("of a pod's ADD are five, and two writes of settings", () => {
    expect(told(diff(pod, new Map()).steps).map(([tool, where]) => `${tool} ${where}`)).toEqual([
      "nft node",
      "ip node",
      "sysctl c16",
      "ip c16",
      "tc node",
      "sysctl c16",
      "ip c16",
    ]);
  });

  test("of a pod's DEL are three", () => {
    expect(told(diff(new Map(), pod).steps).map(([tool]) => tool)).toEqual(["tc", "ip", "nft"]);
  });

  test("put the table and its elements into one transaction", () => {
    const batches = batchesOf(diff(base, new Map()).steps, "exec").filter(
      (b) => b[0]?.line.tool === "nft",
    );
    expect(batches).toHaveLength(1);
    expect(batches[0]?.map(({ line }) => line.text.split(" ", 2).join(" "))).toEqual([
      "add table",
      "add table",
      "add element",
    ]);
  });

  test("are broken where the tool or the namespace is another, and keep the order", () => {
    const address = (netns: string | null): KernelObject => ({
      kind: "address",
      netns,
      dev: "d",
      cidr: "10.1.0.2/24",
    });
    const steps = [
      address(null),
      address("/run/netns/a"),
      address("/run/netns/b"),
      address("/run/netns/b"),
      address(null),
    ];
    expect(told(steps.map(create))).toEqual([
      ["ip", "node", [0]],
      ["ip", "a", [1]],
      ["ip", "b", [2, 3]],
      ["ip", "node", [4]],
    ]);
  });

  test("know the step of each line: a bridge is two, what goes by itself none", () => {
    const bridge: KernelObject = {
      kind: "bridge",
      name: "fw0",
      mac: "",
      mtuBytes: 1500,
      up: true,
    };
    const port: KernelObject = {
      kind: "port",
      name: "v",
      mac: "",
      mtuBytes: 1500,
      bridge: "fw0",
      hairpin: true,
      groupForwardMask: 0,
      up: true,
    };
    const gone: Step = { owner: "a", why: "", op: "delete", want: null, have: port, takes: [] };
    expect(told([create(bridge), gone, create(port)])).toEqual([["ip", "node", [0, 0, 2, 2]]]);
  });

  test("hold every line of every step, in order", () => {
    const { steps } = diff(new Map([...base, ...pod]), new Map());
    expect(
      batchesOf(steps, "exec")
        .flat()
        .map(({ line }) => line),
    ).toEqual(steps.flatMap(linesOf));
  });
});
