import { describe, expect, test } from "bun:test";
import type { Json } from "../../../src/kube/objects.ts";
import { endlessWords, rolloutOf } from "../../../src/ops/kubectl/rollout.ts";

const rolling = (maxSurge: unknown, maxUnavailable: unknown): Json => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
});

describe("surge and unavailable pods, as the controller has them", () => {
  test.each<[string, Json, number, [number, number]]>([
    ["the default of one replica", {}, 1, [1, 0]],
    ["of three", {}, 3, [1, 0]],
    ["of four", {}, 4, [1, 1]],
    ["of ten", {}, 10, [3, 2]],
    ["numbers", rolling(0, 1), 3, [0, 1]],
    ["percentages", rolling("50%", "10%"), 3, [2, 0]],
    ["both 0 are 0 and 1", rolling(0, 0), 3, [0, 1]],
    ["percentages that come to 0 on both sides", rolling("0%", "10%"), 3, [0, 1]],
    ["Recreate", { strategy: { type: "Recreate" } }, 3, [0, 3]],
  ])("%s", (_, spec, replicas, [surge, unavailable]) => {
    expect(rolloutOf(spec, replicas)).toMatchObject({ surge, unavailable });
  });
});

describe("an update", () => {
  const words = (spec: Json, replicas: number, placed: number, more: number | null) =>
    endlessWords({ rollout: rolloutOf(spec, replicas), placed, more });

  test.each<[string, Json, number, number, number | null, boolean]>([
    ["the default, and no room", {}, 2, 2, 0, true],
    ["the default, and room for one", {}, 2, 2, 1, false],
    ["four replicas, of which one may go first", {}, 4, 4, 0, false],
    ["maxSurge 0", rolling(0, 1), 2, 2, 0, false],
    ["Recreate", { strategy: { type: "Recreate" } }, 2, 2, 0, false],
    ["nothing is placed", {}, 2, 0, 0, false],
    ["no bandwidth is asked for", {}, 2, 2, null, false],
  ])("%s", (_, spec, replicas, placed, more, isEndless) => {
    const said = words(spec, replicas, placed, more);
    expect(said !== null).toBe(isEndless);
    if (said !== null) expect(said).toContain("maxSurge: 0 and maxUnavailable: 1");
  });
});
