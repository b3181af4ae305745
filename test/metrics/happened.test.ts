import { expect, test } from "bun:test";
import { durationBuckets, Happenings } from "../../src/metrics/happened.ts";

test("a verb counts in each bucket that is as long as it took", () => {
  const happenings = new Happenings([]);
  happenings.verb("ADD", "agent", 0.005);
  happenings.verb("ADD", "agent", 0.25);
  happenings.verb("ADD", "process", 100);
  happenings.verb("TOUCH\n", "agent", 0);
  const [agent, process, other] = happenings.durations;
  expect(agent).toMatchObject({
    labels: { verb: "ADD", way: "agent" },
    count: 2,
    sumSeconds: 0.255,
  });
  expect(agent?.atMost).toEqual(
    durationBuckets.map((atMost) => (atMost < 0.005 ? 0 : atMost < 0.25 ? 1 : 2)),
  );
  expect(process?.atMost).toEqual(durationBuckets.map(() => 0));
  expect(process?.count).toBe(1);
  expect(other?.labels).toEqual({ verb: "other", way: "agent" });
});

const drift = (kind: string, name = "x") => ({ key: `change ${kind} ${name}`, kind });
const byKind = (happenings: Happenings) => {
  const { fairway_drift_found_total: found = [], fairway_drift_repaired_total: repaired = [] } =
    happenings.values();
  const counts = (of: typeof found) =>
    Object.fromEntries(of.map(({ labels, value }) => [labels.kind, value]));
  return { found: counts(found), repaired: counts(repaired) };
};

test("drift counts when it comes, and not while it stays", () => {
  const happenings = new Happenings(["class", "qdisc"]);
  expect(byKind(happenings)).toEqual({
    found: { class: 0, qdisc: 0 },
    repaired: { class: 0, qdisc: 0 },
  });
  happenings.found("node", [drift("class")]);
  happenings.found("pods", []);
  happenings.found("node", [drift("class"), drift("qdisc")]);
  expect(byKind(happenings).found).toEqual({ class: 1, qdisc: 1 });
  happenings.found("node", []);
  happenings.found("node", [drift("class")]);
  expect(byKind(happenings).found).toEqual({ class: 2, qdisc: 1 });
});

test("what comes back after a repair is found anew", () => {
  const happenings = new Happenings(["class"]);
  for (let times = 0; times < 3; times++) {
    happenings.found("node", [drift("class")]);
    happenings.repaired([drift("class")]);
  }
  expect(byKind(happenings)).toEqual({ found: { class: 3 }, repaired: { class: 3 } });
  happenings.fights(2);
  expect(happenings.values().fairway_drift_fights_total).toEqual([{ labels: {}, value: 2 }]);
});
