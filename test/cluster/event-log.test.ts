import { expect, test } from "bun:test";
import { EventLog, eventName, type Happened } from "../../src/cluster/event-log.ts";

const happened = (note: string, uid = "u1"): Happened => ({
  regarding: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "cart", uid },
  type: "Warning",
  reason: "BandwidthRejected",
  action: "Resize",
  note,
});

const minuteMs = 60_000;

test("what repeats is counted, and told again after five minutes", () => {
  const log = new EventLog();
  expect(log.take(happened("a"), 0)?.count).toBe(1);
  expect(log.take(happened("a"), minuteMs)).toBeNull();
  expect(log.take(happened("a"), 2 * minuteMs)).toBeNull();
  expect(log.take(happened("a"), 5 * minuteMs)?.count).toBe(4);
  expect(log.take(happened("b"), 5 * minuteMs)?.count).toBe(1);
});

test("one object is heard so often, and others meanwhile", () => {
  const log = new EventLog();
  const told = Array.from({ length: 1_000 }, (_, n) => log.take(happened(`note ${n}`), 0));
  expect(told.filter((each) => each !== null)).toHaveLength(20);
  expect(log.take(happened("a", "u2"), 0)).not.toBeNull();
  expect(log.take(happened("later"), minuteMs)).not.toBeNull();
  expect(log.take(happened("too soon"), minuteMs)).toBeNull();
});

test("an event has the same name for the same thing, and fits", () => {
  const long = {
    ...happened("a"),
    regarding: { ...happened("a").regarding, name: "x".repeat(253) },
  };
  expect(eventName(happened("a"))).toBe(eventName(happened("a")));
  expect(eventName(happened("a"))).not.toBe(eventName(happened("b")));
  expect(eventName(happened("a"))).not.toBe(eventName(happened("a", "u2")));
  expect(eventName(long).length).toBeLessThanOrEqual(253);
});
