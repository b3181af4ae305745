/** The page's own ten minutes: bounded, with gaps where nothing was seen. */
import { expect, test } from "bun:test";
import { History, type Point, pieces, spanMs } from "../../../src/ui/browser/history.ts";

const at = (atMs: number): Point => ({ atMs, withinBits: 1, borrowedBits: 0 });

test("what is older than ten minutes goes", () => {
  const history = new History<Point>();
  for (let atMs = 0; atMs <= spanMs + 20_000; atMs += 5_000) history.add("a", at(atMs));
  const points = history.of("a");
  expect(points[0]?.atMs).toBe(25_000);
  expect(points).toHaveLength(spanMs / 5_000);
});

test("neither points nor series pile up", () => {
  const history = new History<Point>();
  for (let i = 0; i < 5_000; i++) history.add("a", at(i));
  expect(history.of("a").length).toBeLessThanOrEqual(400);
  for (let i = 0; i < 5_000; i++) history.add(`pod ${i}`, at(i));
  expect(history.of("pod 4999")).toHaveLength(1);
  expect(history.of("pod 1")).toEqual([]);
  expect(history.of("a")).toEqual([]);
});

test("it goes on from what was saved, and begins anew from what cannot be read", () => {
  const history = new History<Point>();
  history.add("a", at(1_000));
  const again = new History<Point>();
  again.restore(history.saved);
  expect(again.of("a")).toEqual([at(1_000)]);
  for (const strange of [null, "", "{", "[1]", '[["a",null]]', '[["a",[null]]]']) {
    const empty = new History<Point>();
    empty.restore(strange);
    expect(empty.of("a")).toEqual([]);
  }
});

test("a gap ends a piece", () => {
  const found = pieces([at(0), at(2_000), at(60_000), at(62_000)]);
  expect(found.map((piece) => piece.map(({ atMs }) => atMs))).toEqual([
    [0, 2_000],
    [60_000, 62_000],
  ]);
});
