import { describe, expect, test } from "bun:test";
import { judgeCapacity } from "../../../src/ops/doctor/uplink.ts";

describe("a capacity", () => {
  test.each([
    [
      "given, no speed to check it",
      "egress",
      1e9,
      "eth0 reports no speed",
      "ok",
      "not to be checked",
    ],
    ["given, below the link's speed", "egress", 9e8, 1e9, "ok", "the link's speed is 1Gbit/s"],
    ["given, the link's speed, egress", "egress", 1e9, 1e9, "ok", "1Gbit/s"],
    ["given, the link's speed, ingress", "ingress", 1e9, 1e9, "warn", "queues before this node"],
    ["given, above the link's speed", "egress", 1e10, 1e9, "warn", "cannot be kept"],
    ["not given, egress", "egress", null, 1e9, "ok", "the link's speed"],
    ["not given, ingress", "ingress", null, 1e9, "warn", "queues before this node"],
    ["neither", "ingress", null, "eth0 is a veth", "error", "uplink.ingressCapacity is not set"],
  ] as const)("%s", (_, direction, configuredBits, speed, level, says) => {
    expect(judgeCapacity({ direction, setBits: null, configuredBits }, speed)).toMatchObject({
      level,
      found: expect.stringContaining(says),
    });
  });

  test.each([
    ["below the link's speed", "egress", 5e8, 1e9, "ok", null],
    ["above it", "egress", 2e9, 1e9, "warn", "`fairway set-capacity --egress RATE` with"],
    ["at it, ingress", "ingress", 1e9, 1e9, "warn", "`--ingress -` to take back what was set"],
    ["no speed to check it", "egress", 5e8, "eth0 reports no speed", "ok", null],
  ] as const)(
    "set at run time, %s: the advice is on what holds",
    (_, direction, setBits, speed, level, todo) => {
      const finding = judgeCapacity({ direction, setBits, configuredBits: 9e8 }, speed);
      expect(finding).toMatchObject({
        level,
        found: expect.stringMatching(
          /set with `fairway set-capacity` .* in place of 900Mbit\/s as given/,
        ),
        todo: todo === null ? null : expect.stringContaining(todo),
      });
    },
  );
});
