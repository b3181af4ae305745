/** What is due when, by a clock that stands still. */
import { describe, expect, test } from "bun:test";
import {
  type Agenda,
  agendaAt,
  caused,
  done,
  dueBy,
  duties,
  gather,
  idleMs,
  isDue,
  isRipe,
  usualPace as pace,
} from "../../src/agent/schedule.ts";
import type { Cause } from "../../src/kernel/watch-filter.ts";

const dueAt = (agenda: Agenda, nowMs: number, isBusy = false): string[] =>
  duties.filter((duty) => isDue(agenda, duty, nowMs, isBusy));

const heard = (cause: Cause, generations: number[] = []) => ({
  causes: new Set([cause]),
  generations,
});

/** All of it was done at 0 and took no time. */
const fresh = duties.reduce(
  (agenda, duty) => done(agenda, duty, { endedMs: 0, spentMs: 0, isDeaf: false }, pace),
  agendaAt(0),
);

describe("periods", () => {
  test("at the start all is due, what is gone first", () => {
    expect(dueAt(agendaAt(7), 7)).toEqual(["sweep", "settings", "node", "pods"]);
    expect(idleMs(agendaAt(7), null, 7, pace)).toBe(0);
  });

  test.each([
    [0, []],
    [pace.settingsMs, ["settings"]],
    [pace.slowMs, ["settings", "node", "pods"]],
    [pace.sweepMs, ["sweep", "settings", "node", "pods"]],
  ])("after %d ms: %p", (nowMs, due) => {
    expect(dueAt(fresh, nowMs)).toEqual(due);
  });

  test("there is nothing to do until the next is due", () => {
    expect(idleMs(fresh, null, 100, pace)).toBe(pace.settingsMs - 100);
  });

  test.each([
    ["a look that takes long comes more rarely", 50, false, 100_000],
    ["but not for ever", 1_000, false, 300_000],
    ["and as often as ever where the kernel tells nothing", 50, true, pace.slowMs],
    ["a look that is short does not", 1, false, pace.slowMs],
  ])("%s", (_, spentMs, isDeaf, dueMs) => {
    const { dueMs: due } = done(fresh, "node", { endedMs: 0, spentMs, isDeaf }, pace);
    expect(due.node).toBe(dueMs);
    expect(due.pods).toBe(pace.slowMs);
  });
});

describe("what the kernel tells", () => {
  test("is gathered from the first of it on, and answered a moment later", () => {
    const first = gather(null, heard("links"), 1_000);
    const all = gather(first, heard("tables", [7]), 1_090);
    if (all === null) throw new Error("nothing was gathered");
    expect(all).toEqual({ causes: new Set(["links", "tables"]), generations: [7], sinceMs: 1_000 });
    expect(isRipe(all, 1_099, pace)).toBe(false);
    expect(isRipe(all, 1_100, pace)).toBe(true);
    expect(idleMs(dueBy(fresh, "settings", 9_000), all, 1_000, pace)).toBe(0);
    expect(idleMs(fresh, gather(null, heard("tc"), 100), 100, pace)).toBe(pace.debounceMs);
  });

  test("nothing is gathered of nothing", () => {
    const nothing = { causes: new Set<Cause>(), generations: [] };
    expect(gather(null, nothing, 1_000)).toBeNull();
    const before = gather(null, heard("tc"), 5);
    expect(gather(before, nothing, 1_000)).toBe(before);
  });

  test("leads to a look at the node", () => {
    expect(dueAt(caused(fresh, new Set(["routes"]), 200), 200)).toEqual(["node"]);
    expect(caused(fresh, new Set(), 200)).toBe(fresh);
  });

  test("leads to a look at everything where something of it was lost", () => {
    expect(dueAt(caused(fresh, new Set(["lost"]), 200), 200)).toEqual(["node", "pods"]);
  });

  test("does not put off what is due earlier", () => {
    const early = dueBy(fresh, "node", 50);
    expect(caused(early, new Set(["links"]), 80).dueMs.node).toBe(50);
  });
});

describe("rest", () => {
  const after = (spentMs: number): Agenda =>
    caused(
      done(fresh, "node", { endedMs: 1_000, spentMs, isDeaf: false }, pace),
      new Set(["links"]),
      1_000,
    );

  test("a look is followed by nine times as long without one, and a second at most", () => {
    expect(dueAt(after(20), 1_179)).not.toContain("node");
    expect(dueAt(after(20), 1_180)).toContain("node");
    expect(dueAt(after(500), 1_999)).not.toContain("node");
    expect(dueAt(after(500), 2_000)).toContain("node");
    const settled = done(
      after(20),
      "settings",
      { endedMs: 1_000, spentMs: 0, isDeaf: false },
      pace,
    );
    expect(idleMs(settled, null, 1_000, pace)).toBe(180);
  });

  test("it holds for the node alone", () => {
    const agenda = dueBy(dueBy(after(500), "pods", 1_000), "settings", 1_000);
    expect(dueAt(agenda, 1_500)).toEqual(["settings", "pods"]);
  });
});

test("while verbs are at work a look waits, but not for ever", () => {
  const agenda = caused(fresh, new Set(["links"]), 200);
  expect(dueAt(agenda, 200, true)).toEqual([]);
  expect(dueAt(agenda, 3_199, true)).toEqual([]);
  expect(dueAt(agenda, 3_200, true)).toEqual(["node"]);
});
