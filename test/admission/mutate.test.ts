/** What a pod is given, by code alone; test/cluster/policy.cluster.ts holds the policies to the same. */
import { expect, test } from "bun:test";
import { tiersOfClass } from "../../src/admission/class-tiers.ts";
import { mutate } from "../../src/admission/mutate.ts";
import { tierMark } from "../../src/admission/tier-mark.ts";
import { podOf, tiers } from "../cluster/policy-shapes.ts";

const counted = tiersOfClass({ spec: { tiers } });
const guarantee = (direction: string): string =>
  `/metadata/annotations/fairway.dev~1${direction}-guarantee`;
const mark = (direction: string): string =>
  `/metadata/annotations/scheduling.fairway.dev~1${direction}-tier`;
const tier = { tier: "high" };
const marks = { ...tier, [tierMark.egress]: "high", [tierMark.ingress]: "high" };
const brought = { egress: "2000", ingress: "2" };

test.each<[string, Parameters<typeof podOf>[1], Record<string, string>]>([
  [
    "a tier's is marked",
    { annotations: tier },
    { [mark("egress")]: "high", [mark("ingress")]: "high" },
  ],
  ["a tier's that is marked is left", { annotations: marks, containers: [brought] }, {}],
  [
    "the pod's own is its own, also where it equals the tier's",
    { annotations: tier, containers: [brought] },
    { [guarantee("egress")]: "2000M", [guarantee("ingress")]: "2M" },
  ],
  [
    "nothing of it as a resource is nothing of the tier's",
    { annotations: tier, containers: [{ egress: "0", ingress: "0" }] },
    { [guarantee("egress")]: "0M", [guarantee("ingress")]: "0M" },
  ],
  ["nothing of it without a tier is left", { containers: [{ egress: "0" }] }, {}],
])("%s", (_, shape, annotations) => {
  const decision = mutate(podOf("a", shape), counted);
  if (decision.kind === "refused") throw new Error(decision.words);
  const written = decision.operations.filter(({ path }) => path.startsWith("/metadata/"));
  expect(Object.fromEntries(written.map(({ path, value }) => [path, value]))).toEqual(annotations);
});

test("a request that its annotation contradicts is refused, with both", () => {
  const pod = podOf("a", {
    annotations: { "egress-guarantee": "5M" },
    containers: [{ egress: "3" }],
  });
  expect(mutate(pod, null)).toEqual({
    kind: "refused",
    words: expect.stringContaining('"5M" is 5 Mbit/s, and the pod\'s containers request 3'),
  });
});
