import { describe, expect, test } from "bun:test";
import { InvalidArgumentError } from "commander";
import { parseCount, parseInterval } from "../../../src/ops/status/options.ts";
import { displayOn, fitted } from "../../../src/ops/status/watch.ts";
import { measuredCells } from "../../../src/ops/status/words.ts";
import { usage } from "../../../src/ops/usage.ts";

test("a class that cannot be told says why, in as many cells", () => {
  const cells = measuredCells({ known: false, why: "replaced" });
  expect(cells).toEqual(["made anew meanwhile", "-", "-", "-", "-", "unknown"]);
});

describe("--interval", () => {
  test.each([
    ["1", 1000],
    ["0.5", 500],
    ["250ms", 250],
    ["2s", 2000],
    ["0", 0],
    ["10", 10_000],
  ])("%s", (text, ms) => {
    expect(parseInterval(text)).toBe(ms);
  });
  test.each(["99ms", "601s", "-1", "1m", "", "1e3x"])("%p is refused", (text) => {
    expect(() => usage(parseInterval)(text)).toThrow(InvalidArgumentError);
  });
});

test.each(["0", "-1", "1.5", "x", ""])("--count %p is refused", (text) => {
  expect(() => usage(parseCount)(text)).toThrow(InvalidArgumentError);
});

describe("a block on a screen", () => {
  test.each([
    ["fits", "ab\ncd\n", 10, 5, ["ab", "cd"]],
    ["is as high as the screen", "a\nb\nc\n", 10, 3, ["a", "b", "c"]],
    ["is too high", "a\nb\nc\nd\n", 20, 3, ["a", "b", "(2 more lines)"]],
    ["is too wide", "abcdef\ng\n", 3, 5, ["abc", "g"]],
  ])("that %s", (_, block, columns, rows, shown) => {
    expect(fitted(block, columns, rows)).toEqual(shown);
  });
});

function screen(isTTY: boolean): { text(): string; display: ReturnType<typeof displayOn> } {
  const written: string[] = [];
  const write = (piece: string): void => void written.push(piece);
  return {
    text: () => written.join(""),
    display: displayOn({ isTTY, columns: 80, rows: 24, write }),
  };
}

describe("blocks one after the other", () => {
  test("plain, with an empty line between them", () => {
    const { text, display } = screen(false);
    for (const block of ["one\n", "two\n"]) display.show(block);
    display.end();
    expect(text()).toBe("one\n\ntwo\n");
  });
  test("on a terminal: in place, and the last one stays when the screen is given back", () => {
    const { text, display } = screen(true);
    for (const block of ["one\n", "two\n"]) display.show(block);
    display.end();
    expect(text().split("\u001b[?1049h")).toHaveLength(2);
    expect(text().split("\u001b[H")).toHaveLength(3);
    expect(text()).toEndWith("\u001b[?25h\u001b[?1049ltwo\n");
  });
  test("on a terminal: what showed nothing leaves nothing", () => {
    const { text, display } = screen(true);
    display.end();
    expect(text()).toBe("");
  });
});
