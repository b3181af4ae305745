import { describe, expect, test } from "bun:test";
import {
  makeProgress,
  type ProgressOutput,
  progressLine,
  redrawsOn,
} from "../../../src/prove/engine/progress.ts";
import { scenarioSeconds } from "../../../src/prove/engine/run.ts";
import { neighbour } from "../../../src/prove/scenarios/neighbour.ts";

function recorded(redraws: boolean): { text: () => string; output: ProgressOutput } {
  let text = "";
  return {
    text: () => text,
    output: {
      redraws,
      columns: 120,
      write(piece) {
        text += piece;
      },
    },
  };
}

test("without a terminal: a line for each step, nothing to redraw, no figures", () => {
  const { text, output } = recorded(false);
  const progress = makeProgress(output, 10);
  progress.figures(() => "steady 1 Mbit/s");
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

test("figures are asked for once in a second, and stand in each line", async () => {
  const { text, output } = recorded(true);
  const progress = makeProgress(output, 10);
  let asked = 0;
  progress.figures(() => `steady ${++asked} Mbit/s`);
  progress.step("neighbour: egress", 4);
  await Bun.sleep(500);
  progress.end();
  expect(asked).toBe(1);
  expect(text().match(/steady 1 Mbit/g)?.length).toBeGreaterThan(1);
});

describe("the line", () => {
  test.each([
    ["at the start", 0, 0, "10 s left"],
    ["half way", 5, 12, "5 s left"],
    ["over time", 12, 24, "0 s left"],
  ] as const)("%s", (_title, doneSeconds, filled, left) => {
    const line = progressLine("label", { doneSeconds, totalSeconds: 10 }, "", 80);
    expect(line.match(/█/g)?.length ?? 0).toBe(filled);
    expect(line).toEndWith(`${left} · label`);
  });

  const figures = "steady 194 Mbit/s, p99 90 us · without 166 Mbit/s, p99 15.1 ms";
  test.each([
    [140, /^█+░+ 5 s left · neighbour: egress, without QoS · steady 194 .* 15\.1 ms$/],
    [110, /^5 s left · neighbour: egress, without QoS · steady 194 .* 15\.1 ms$/],
    [80, /^neighbour 5 s · steady 194 .* 15\.1 ms$/],
    [76, /^5 s left · steady 194 .* 15\.1 ms$/],
    [40, /^5 s left · steady 194 Mbit\/s, p99 90 us/],
    [0, /^$/],
  ] as const)("in %d columns", (columns, wanted) => {
    const done = { doneSeconds: 5, totalSeconds: 10 };
    const line = progressLine("neighbour: egress, without QoS", done, figures, columns);
    expect(line).toMatch(wanted);
    expect(line.length).toBeLessThan(Math.max(1, columns));
  });
});

test.each([
  ["a terminal", true, {}, true],
  ["a pipe", false, {}, false],
  ["a terminal, and NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["a terminal of a CI system", true, { CI: "true" }, false],
  ["a terminal, and both are empty", true, { NO_COLOR: "", CI: "" }, true],
] as const)("whether it redraws: %s", (_title, isTTY, env, wanted) => {
  expect(redrawsOn(isTTY, env)).toBe(wanted);
});

test("the default run takes about a minute", () => {
  expect(scenarioSeconds(neighbour(500e6, 4), false)).toBeWithin(45, 90);
});
