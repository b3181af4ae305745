/** Random pods for fast-check, whole ones: what their annotations ask for, and what their containers bring. */
import fc from "fast-check";
import { tierMark } from "../../src/admission/tier-mark.ts";
import { annotationKeys, kubernetesKeys, priorityKey } from "../../src/config/annotations.ts";
import { annotationSets } from "../support/annotation-sets.ts";
import type { Json } from "./kubectl.ts";
import { podOf, tiers } from "./policy-shapes.ts";

const any = fc.constantFrom;
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) =>
  fc.option(arbitrary, { nil: undefined, freq });

/** Few, so that annotations and resources meet: equal, rounded and apart. */
const guarantee = any("0", "1k", "1M", "2500k", "3M", "50M", "1G", "2G");
const limit = any("1M", "3M", "100M", "2G");
const mbps = any("0", "1", "3", "50", "1k", "2000");

/** Those of a pod that asks for something sensible, or nearly. */
const asked = fc
  .record(
    {
      [annotationKeys.tier]: any(...Object.keys(tiers), "elsewhere"),
      [priorityKey]: any("guaranteed", "burstable", "urgent"),
      [annotationKeys.guarantee.egress]: guarantee,
      [annotationKeys.guarantee.ingress]: guarantee,
      [annotationKeys.limit.egress]: limit,
      [kubernetesKeys.egress]: limit,
      [kubernetesKeys.ingress]: limit,
      [annotationKeys.latencyTarget]: any("1ms", "4ms"),
      [tierMark.egress]: any("high", "elsewhere"),
    },
    { requiredKeys: [] },
  )
  // Of nine keys that each are there or not, most pods would have too many to be right.
  .chain((all) => fc.subarray(Object.entries(all), { maxLength: 3 }))
  .map((entries) => Object.fromEntries(entries) as Record<string, string>);

const brought = fc.record({
  egress: maybe(mbps, 1),
  ingress: maybe(mbps, 1),
  only: any(undefined, "limits" as const),
  cpu: maybe(any("1m", "10m")),
});
const init = fc
  .tuple(brought, fc.boolean())
  .map(([of, isSidecar]) => ({ ...of, ...(isSidecar && { sidecar: true as const }) }));
const nothing = fc.constant({});

const shape = fc.record({
  annotations: fc.oneof(
    { weight: 5, arbitrary: asked },
    { weight: 2, arbitrary: annotationSets },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  containers: fc.array(fc.oneof({ weight: 2, arbitrary: nothing }, brought), {
    minLength: 1,
    maxLength: 3,
  }),
  inits: fc.oneof(
    { weight: 3, arbitrary: fc.array(init, { maxLength: 0 }) },
    fc.array(init, { minLength: 1, maxLength: 3 }),
  ),
  spec: fc.oneof(
    { weight: 12, arbitrary: nothing },
    fc.constant({ hostNetwork: true }),
    fc.constant({ resourceClaims: [{ name: "net", resourceClaimName: "net" }] }),
  ),
});

/** exactOptionalPropertyTypes: what is absent is not there. */
const withoutAbsent = <T extends object>(of: T): T =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as T;

/** The same for the same seed. */
export function randomPods(seed: number, count: number): Json[] {
  return fc.sample(shape, { seed, numRuns: count }).map(({ containers, inits, ...rest }, at) =>
    podOf(`r${at}`, {
      ...withoutAbsent(rest),
      containers: containers.map(withoutAbsent),
      inits: inits.map(withoutAbsent),
    } as Parameters<typeof podOf>[1]),
  );
}
