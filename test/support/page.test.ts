import { expect, test } from "bun:test";
import { blockAfter, withInPlace } from "./page.ts";

test("a block is the one that follows the words", () => {
  expect(blockAfter("README.md", "By Helm, with the uplinks' true capacities")).toStartWith(
    "helm install fairway charts/fairway",
  );
});

test("words that the page has not once are an error", () => {
  expect(() => blockAfter("README.md", "words that nobody wrote")).toThrow("not at all");
  expect(() => blockAfter("README.md", "kubectl")).toThrow("more than once");
});

test("what is to be replaced has to be there", () => {
  expect(withInPlace("a b a", { a: "c" })).toBe("c b c");
  expect(() => withInPlace("a", { b: "c" })).toThrow('"b" is not in: a');
});
