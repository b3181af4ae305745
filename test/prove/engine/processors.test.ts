import { expect, test } from "bun:test";
import {
  parseProcessorTimes,
  processorTimes,
  shareBusy,
} from "../../../src/prove/engine/processors.ts";

test("the first line of /proc/stat: idle and iowait are idle, guest time is not counted twice", () => {
  const stat = "cpu  100 1 50 800 40 2 3 4 99 98\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
  expect(parseProcessorTimes(stat)).toEqual({ totalTicks: 1000, idleTicks: 840 });
});

test("the share in use between two moments", () => {
  const share = shareBusy({ totalTicks: 100, idleTicks: 50 }, { totalTicks: 200, idleTicks: 75 });
  expect(share).toBe(0.75);
});

test("no time passed", () => {
  const times = { totalTicks: 100, idleTicks: 50 };
  expect(shareBusy(times, times)).toBe(0);
});

test("this machine's own", () => {
  const { totalTicks, idleTicks } = processorTimes();
  expect(totalTicks).toBeGreaterThan(idleTicks);
});
