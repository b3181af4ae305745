import { expect, test } from "bun:test";
import { headline } from "../../../src/prove/report/headline.ts";
import { type MainJob, matrixOf, passedJob, resultOf } from "../fixture.ts";

function said(alter: (job: MainJob) => void = () => {}): string | null {
  const job = passedJob();
  alter(job);
  const [scenario] = resultOf(job).scenarios;
  if (scenario === undefined) throw new Error("the fixture is empty");
  return headline(scenario);
}

test("the wait and the share, with and without, in a sentence", () => {
  expect(said()).toBe(
    "Beside the others, steady waits 194 us for an answer and gets 99.9% of its 194.0 Mbit/s with Fairway; without it, it waits 15 ms for an answer and gets 51.5% of its 194.0 Mbit/s.",
  );
});

test("what was never answered is no number", () => {
  expect(
    said(({ noQos }) => {
      for (const { latency } of Object.values(noQos))
        for (const run of Object.values(latency)) run.p50Us = null;
    }),
  ).toContain("without it, it waits for an answer in vain and gets");
});

test("nothing to put beside it, no sentence", () => {
  const [scenario] = matrixOf().scenarios;
  expect(scenario && headline(scenario)).toBeNull();
});
