import { describe, expect, test } from "bun:test";
import { judgePool } from "../../../src/ops/doctor/pools.ts";

describe("a range set", () => {
  test.each([
    [0, "1", "ok"],
    [89, "100", "ok"],
    [90, "100", "warn"],
    [100, "100", "error"],
    [1_000_000, "18446744073709551614", "ok"],
  ] as const)("with %p of %p addresses given", (given, total, level) => {
    const pool = { network: "pods", setIndex: 1, ranges: "fd00::2-fd00::3", given, total };
    const finding = judgePool(pool);
    expect(finding).toMatchObject({ id: "pool.pods.1", level });
    expect(finding.found).toContain(`${given} of ${total} addresses given (fd00::2-fd00::3)`);
  });
});
