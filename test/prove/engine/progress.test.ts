import { describe, expect, test } from "bun:test";
import { makeProgress, progressLine } from "../../../src/prove/engine/progress.ts";
import { scenarioSeconds } from "../../../src/prove/engine/run.ts";
import { neighbour } from "../../../src/prove/scenarios/neighbour.ts";

function recorded(isTTY: boolean): {
  text: () => string;
  output: { isTTY: boolean; write(text: string): void };
} {
  let text = "";
  return {
    text: () => text,
    output: {
      isTTY,
      write(piece) {
        text += piece;
      },
    },
  };
}

test("without a terminal: a line for each step, nothing to redraw", () => {
  const { text, output } = recorded(false);
  const progress = makeProgress(output, 10);
  progress.step("one", 4);
  progress.step("two", 6);
  progress.end();
  expect(text()).toBe("one (about 10 s left)\ntwo (about 6 s left)\n");
});

test("on a terminal: one line, redrawn meanwhile and gone at the end", async () => {
  const { text, output } = recorded(true);
  const progress = makeProgress(output, 10);
  progress.step("one", 4);
  await Bun.sleep(500);
  progress.end();
  const before = text();
  expect(before).not.toContain("\n");
  expect(before.split("\r").length).toBeGreaterThan(3);
  expect(before).toEndWith("\r\u001b[K");
  await Bun.sleep(300);
  expect(text()).toBe(before);
});

describe("the line", () => {
  test.each([
    ["at the start", 0, 0, "10 s left"],
    ["half way", 5, 12, "5 s left"],
    ["over time", 12, 24, "0 s left"],
  ] as const)("%s", (_title, done, filled, left) => {
    const line = progressLine("label", done, 10);
    expect(line.match(/█/g)?.length ?? 0).toBe(filled);
    expect(line).toEndWith(`${left} · label`);
  });
});

test("the default run takes about a minute", () => {
  expect(scenarioSeconds(neighbour(500e6, 4), false)).toBeWithin(45, 90);
});
