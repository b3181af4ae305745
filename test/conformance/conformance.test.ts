/** The suite: each row is a test. */
import { beforeAll, describe, expect, test } from "bun:test";
import { rows } from "./rows/index.ts";
import { type Outcome, runRows } from "./suite.ts";

const limitMs = 400_000;
const outcomes = new Map<string, Outcome>();

beforeAll(async () => {
  await runRows(rows, (outcome) => outcomes.set(outcome.id, outcome));
}, limitMs);

describe("conformance", () => {
  test.each(rows.map((row) => [row.id, row.sent] as const))("%s: %s", (id) => {
    expect(outcomes.get(id)).toEqual({ id, state: "met", why: "" });
  });
});
