import { expect, test } from "bun:test";
import { amountOf, countedMbps } from "../../src/cluster/scheduler-count.ts";

const of = (amount: string) => ({ resources: { requests: { "fairway.dev/egress-mbps": amount } } });
const sidecar = (amount: string) => ({ ...of(amount), restartPolicy: "Always" });

test.each<[string, object, number]>([
  ["nothing", {}, 0],
  ["other resources", { containers: [{ resources: { requests: { cpu: "1" } } }] }, 0],
  ["one container", { containers: [of("100")] }, 100],
  ["containers together", { containers: [of("100"), {}, of("50")] }, 150],
  ["as Kubernetes writes it", { containers: [of("25k")] }, 25_000],
  [
    "an init container that needs less",
    { containers: [of("100")], initContainers: [of("80")] },
    100,
  ],
  ["one that needs more", { containers: [of("100")], initContainers: [of("180")] }, 180],
  ["init containers run in turn", { containers: [], initContainers: [of("80"), of("90")] }, 90],
  ["a sidecar goes on", { containers: [of("100")], initContainers: [sidecar("30")] }, 130],
  [
    "an init container beside the sidecars before it",
    { containers: [of("10")], initContainers: [sidecar("30"), of("50"), sidecar("5")] },
    80,
  ],
  [
    "and not beside those after it",
    { containers: [of("10")], initContainers: [of("50"), sidecar("30"), sidecar("5")] },
    50,
  ],
  ["overhead", { containers: [of("10")], overhead: { "fairway.dev/egress-mbps": "5" } }, 15],
  ["an amount that no node has", { containers: [of("1e30")] }, 0],
  ["no list", { containers: "x" }, 0],
])("%s", (_, spec, expected) => {
  expect(countedMbps({ spec })).toEqual({ egress: expected, ingress: 0 });
});

test("each direction by itself", () => {
  const requests = { "fairway.dev/egress-mbps": "1", "fairway.dev/ingress-mbps": "2" };
  expect(countedMbps({ spec: { containers: [{ resources: { requests } }] } })).toEqual({
    egress: 1,
    ingress: 2,
  });
});

test.each([
  ["Running", 100],
  ["Pending", 100],
  ["Unknown", 100],
  ["Succeeded", 0],
  ["Failed", 0],
])("a pod that is %s", (phase, egress) => {
  const spec = { containers: [of("100")] };
  expect(countedMbps({ spec, status: { phase } })).toEqual({ egress, ingress: 0 });
});

test("what is no amount", () => {
  expect([amountOf("380"), amountOf("0"), amountOf("x"), amountOf(undefined)]).toEqual([
    ...[380, 0, null, null],
  ]);
});
