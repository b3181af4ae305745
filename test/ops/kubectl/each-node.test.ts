import { expect, test } from "bun:test";
import { FairwayError } from "../../../src/errors.ts";
import { NothingAnswered } from "../../../src/ops/kubectl/api.ts";
import { errorLines, fromEach } from "../../../src/ops/kubectl/each-node.ts";
import { nodesShown } from "../../../src/ops/kubectl/seen.ts";
import { nodeObject } from "./objects.ts";

const names = Array.from({ length: 20 }, (_, at) => `node${10 + at}`);
const nodes = nodesShown(
  names.map((name) => nodeObject(name)),
  [],
);

test("in their order, whoever answers first, and never more than eight at once", async () => {
  let [now, most] = [0, 0];
  const found = await fromEach(nodes, async ({ node: { name } }) => {
    now += 1;
    most = Math.max(most, now);
    await Bun.sleep(name.endsWith("0") ? 20 : 1);
    now -= 1;
    return name.length;
  });
  expect(found.map(({ node }) => node)).toEqual(names);
  expect(most).toBe(8);
});

test("one that cannot be asked keeps the others from nothing", async () => {
  const found = await fromEach(nodes, async ({ node: { name } }) => {
    if (name === "node11") throw new FairwayError("unavailable", "node11: away", "wait");
    return name;
  });
  expect(found.filter((each) => each.found !== null)).toHaveLength(19);
  expect(found[1]).toEqual({
    ...{ node: "node11", found: null },
    error: { message: "node11: away", advice: "wait" },
  });
  expect(errorLines(found)).toEqual(["node11: away\n  wait"]);
});

test.each([
  ["a right that is missing", new NothingAnswered("you may not", "ask")],
  ["a defect", new TypeError("x is undefined")],
])("%s ends all of it", async (_, error) => {
  const asked = fromEach(nodes, async () => {
    throw error;
  });
  await expect(asked).rejects.toBe(error);
});
