/** The suite: each row is a test, and once more through the launcher and an agent, where it has the same answers. */
import { beforeAll, describe, expect, test } from "bun:test";
import { sameAnswers } from "./answers.ts";
import { isAsDesigned } from "./left.ts";
import { rows } from "./rows/index.ts";
import { type Outcome, runRows } from "./suite.ts";
import { runThroughAgent } from "./through-agent.ts";
import type { Way } from "./ways.ts";

const limitMs = 400_000;
const outcomes: Record<Way, Map<string, Outcome>> = { "one-shot": new Map(), agent: new Map() };
const titles = rows.map((row) => [row.id, row.sent] as const);

const judged = (way: Way, id: string) => {
  const { state, why } = outcomes[way].get(id) ?? {};
  return { id, state, why };
};
const met = (id: string) => ({ id, state: "met", why: "" }) as const;

describe("conformance", () => {
  beforeAll(async () => {
    await runRows(rows, { way: "one-shot", manner: "usual" }, (outcome) =>
      outcomes["one-shot"].set(outcome.id, outcome),
    );
  }, limitMs);

  test.each(titles)("%s: %s", (id) => {
    expect(judged("one-shot", id)).toEqual(met(id));
  });
});

describe("conformance through the launcher and an agent", () => {
  beforeAll(async () => {
    await runThroughAgent(rows, (outcome) => outcomes.agent.set(outcome.id, outcome));
  }, limitMs);

  test.each(titles)("%s: %s", (id) => {
    expect(judged("agent", id)).toEqual(met(id));
    const [one, other] = [outcomes["one-shot"].get(id), outcomes.agent.get(id)];
    if (one === undefined || other === undefined) throw new Error("it was not run");
    if (!sameAnswers(one.answers, other.answers)) expect(other.answers).toEqual(one.answers);
    if (!isAsDesigned(other))
      expect({ id, fellBack: other.fellBack }).toEqual({ id, fellBack: [] });
  });

  test("most calls are served by the agent", () => {
    const all = [...outcomes.agent.values()];
    const served = all.reduce((sum, outcome) => sum + outcome.served, 0);
    const left = all.reduce((sum, { fellBack }) => sum + fellBack.length, 0);
    console.log(`${served} calls served by the agent, ${left} left to processes`);
    expect(served).toBeGreaterThan(5 * left);
  });
});
