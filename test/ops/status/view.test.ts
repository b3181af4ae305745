import { expect, test } from "bun:test";
import { pressed, type View } from "../../../src/ops/status/view.ts";
import { extentOf, fitted } from "../../../src/ops/status/watch.ts";

const view: View = { sort: "trouble", wide: false, offset: 3 };
const extent = { page: 10, lastOffset: 20 };

test.each<[string, string, Partial<View> | "quit"]>([
  ["q", "q", "quit"],
  ["Ctrl-C", "\u0003", "quit"],
  ["down, then q", "\u001b[Bq", "quit"],
  ["arrow down", "\u001b[B", { offset: 4 }],
  ["arrow up", "\u001b[A", { offset: 2 }],
  ["arrow up as an application's key", "\u001bOA", { offset: 2 }],
  ["up beyond the top", "kkkkkk", { offset: 0 }],
  ["a page down", "\u001b[6~", { offset: 13 }],
  ["pages beyond the end", "   ", { offset: 20 }],
  ["to the end and to the top", "Gg", { offset: 0 }],
  ["the next order", "s", { sort: "name" }],
  ["around all orders", "ssss", { sort: "trouble" }],
  ["wide, from the top", "w", { wide: true, offset: 0 }],
  ["no key of ours", "xyz\u001b[Z\u00e9", {}],
])("%s", (_, input, wanted) => {
  expect(pressed(view, input, extent)).toEqual(wanted === "quit" ? wanted : { ...view, ...wanted });
});

const block = "a\nb\nc\nd\ne\n";

test.each([
  [0, ["a", "b", "(3 more lines)"]],
  [1, ["b", "c", "(2 more lines)"]],
  [3, ["d", "e", "(end)"]],
  [9, ["d", "e", "(end)"]],
])("scrolled by %d", (offset, shown) => {
  expect(fitted(block, 20, 3, offset)).toEqual(shown);
});

test("there is nothing to scroll where all of it fits", () => {
  expect(extentOf(block, 5)).toEqual({ page: 4, lastOffset: 0 });
});

test("a cut leaves escapes whole", () => {
  expect(fitted("\u001b[31mabcdef\u001b[0m\n", 3, 2).map((line) => Bun.stripANSI(line))).toEqual([
    "abc",
  ]);
});
