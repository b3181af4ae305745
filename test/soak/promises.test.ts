import { expect, test } from "bun:test";
import type { NodeStatus } from "../../src/ops/status/model.ts";
import { addLook, notKept, type Promises } from "./promises.ts";

/** One pod, which is below its promise for this share of a look; null: it had no demand. */
const look = (attachment: string, egress: number | null, ingress: number | null) => {
  const direction = (belowShare: number | null) => ({
    measured: { known: true, promise: { belowShare } },
  });
  const pod = { attachment, egress: direction(egress), ingress: direction(ingress) };
  return { pods: [pod] } as unknown as NodeStatus;
};
const stays = (attachment: string): boolean => attachment === "stays";

test("looks are counted for who stays one by one, for the others together", () => {
  const promises: Promises = {};
  addLook(promises, look("stays", 0.1, null), stays);
  addLook(promises, look("stays", 0.9, null), stays);
  addLook(promises, look("a", 0, 0.3), stays);
  addLook(promises, look("b", 0, null), stays);
  expect(promises).toEqual({
    "stays, egress": { judged: 2, below: 1 },
    "those that come and go, egress": { judged: 2, below: 0 },
    "those that come and go, ingress": { judged: 1, below: 1 },
  });
});

test.each([
  [30, 3, 0],
  [30, 4, 1],
  [1, 1, 0],
  [0, 0, 0],
])("of %d looks %d below: %d promises not kept", (judged, below, expected) => {
  expect(notKept({ "stays, egress": { judged, below } })).toHaveLength(expected);
});
