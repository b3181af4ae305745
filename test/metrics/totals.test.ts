/** From looks at classes to the series of pods. */
import { describe, expect, test } from "bun:test";
import type { Values } from "../../src/metrics/described.ts";
import { Totals } from "../../src/metrics/totals.ts";
import type { Counters } from "../../src/plan/counters.ts";
import { counters } from "../measure/support.ts";
import { classOf, found } from "./support.ts";

type Looks = Readonly<Record<string, Partial<Counters>>>;

function look(totals: Totals, atMs: number, looks: Looks): Values {
  const all = Object.fromEntries(Object.entries(looks).map(([id, over]) => [id, counters(over)]));
  totals.look(atMs, { classOf: found(all) });
  totals.lookAtQueues({ queueOf: found(all) });
  return totals.values();
}

const one = (values: Values, name: keyof Values, pod: string): number | undefined =>
  values[name]?.find(({ labels }) => labels.pod === pod)?.value;

describe("totals", () => {
  test("go on where the kernel's counters are, from the first look on", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a" })]);
    look(totals, 0, { a: { bytes: 1_000, packets: 10, drops: 3 } });
    const values = look(totals, 1_000, { a: { bytes: 1_500, packets: 15, drops: 4 } });
    expect(one(values, "fairway_pod_bytes_total", "a")).toBe(1_500);
    expect(one(values, "fairway_pod_packets_total", "a")).toBe(15);
    expect(one(values, "fairway_pod_drops_total", "a")).toBe(4);
  });

  test("never go down where a class or its queue is made anew", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a" })]);
    look(totals, 0, { a: { bytes: 1_000, packets: 10, drops: 2 ** 31 + 5 } });
    look(totals, 1_000, {});
    const values = look(totals, 2_000, { a: { bytes: 100, packets: 1, drops: 1 } });
    expect(one(values, "fairway_pod_bytes_total", "a")).toBe(1_100);
    expect(one(values, "fairway_pod_packets_total", "a")).toBe(11);
    expect(one(values, "fairway_pod_drops_total", "a")).toBe(2 ** 31 + 6);
  });

  test("a series ends with its pod, and one of that name begins anew", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a" }), classOf({ pod: "b" })]);
    look(totals, 0, { a: { bytes: 1_000 }, b: { bytes: 1 } });
    totals.setClasses([classOf({ pod: "b" })]);
    const without = look(totals, 1_000, { b: { bytes: 1 } });
    expect(without.fairway_pod_bytes_total?.map(({ labels }) => labels.pod)).toEqual(["b"]);
    totals.setClasses([classOf({ pod: "a", containerId: "again" }), classOf({ pod: "b" })]);
    const values = look(totals, 2_000, { again: { bytes: 7 }, b: { bytes: 1 } });
    expect(one(values, "fairway_pod_bytes_total", "a")).toBe(7);
  });

  test("a pod's sandbox that follows another one goes on from its total", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a", containerId: "old" })]);
    look(totals, 0, { old: { bytes: 1_000 } });
    totals.setClasses([
      classOf({ pod: "a", containerId: "old" }),
      classOf({ pod: "a", containerId: "new" }),
    ]);
    look(totals, 1_000, { old: { bytes: 1_000 }, new: { bytes: 10 } });
    totals.setClasses([classOf({ pod: "a", containerId: "new" })]);
    const values = look(totals, 2_000, { new: { bytes: 20 } });
    expect(one(values, "fairway_pod_bytes_total", "a")).toBe(1_020);
  });

  test("by namespace: sums, and no limit where one pod has none", () => {
    const totals = new Totals("namespaces");
    totals.setClasses([
      classOf({ pod: "a", guaranteeBits: 8e6, limitBits: 80e6 }),
      classOf({ pod: "b", guaranteeBits: 16e6, limitBits: null }),
      classOf({ pod: "c", namespace: "other", guaranteeBits: 8e6, limitBits: 8e6 }),
    ]);
    const values = look(totals, 0, { a: { bytes: 1 }, b: { bytes: 2 }, c: { bytes: 4 } });
    const shop = { namespace: "shop", pod: "", direction: "egress", tier: "" };
    const other = { ...shop, namespace: "other" };
    expect(values.fairway_pod_bytes_total).toEqual([
      { labels: shop, value: 3 },
      { labels: other, value: 4 },
    ]);
    expect(values.fairway_pod_guarantee_bytes_per_second).toEqual([
      { labels: shop, value: 3e6 },
      { labels: other, value: 1e6 },
    ]);
    expect(values.fairway_pod_limit_bytes_per_second).toEqual([{ labels: other, value: 1e6 }]);
  });

  test("a pod that the runtime told no name of has none, nor a namespace", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: null })]);
    const [series] = look(totals, 0, {}).fairway_pod_bytes_total ?? [];
    expect(series?.labels).toEqual({ namespace: "", pod: "", direction: "egress", tier: "" });
  });

  test("half of a guarantee while packets wait is missed, second for second", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a", guaranteeBits: 80e6 })]);
    let values: Values = {};
    for (let at = 0; at <= 40; at++)
      values = look(totals, at * 250, {
        a: { bytes: at * 1_250_000, backlogBytes: 30_280, backlogPackets: 20 },
      });
    expect(totals.isAnyWaiting).toBe(true);
    expect(one(values, "fairway_pod_demand_seconds_total", "a")).toBe(10);
    expect(one(values, "fairway_pod_guarantee_missed_seconds_total", "a")).toBe(10);
    // 30,280 bytes wait at 5,000,000 bytes a second.
    expect(one(values, "fairway_pod_queue_delay_seconds", "a")).toBeCloseTo(0.006056, 6);
  });

  test("a delay is not told where some waits and nothing is sent", () => {
    const totals = new Totals("pods");
    totals.setClasses([classOf({ pod: "a" })]);
    look(totals, 0, { a: { backlogBytes: 1 } });
    const values = look(totals, 1_000, { a: { backlogBytes: 1 } });
    expect(values.fairway_pod_queue_delay_seconds).toEqual([]);
    expect(one(values, "fairway_pod_backlog_bytes", "a")).toBe(1);
  });

  test("5,000 pods have a series each, and nobody else's", () => {
    const totals = new Totals("pods");
    const pods = Array.from({ length: 5_000 }, (_, n) => `pod-${n}`);
    totals.setClasses(pods.map((pod) => classOf({ pod })));
    const looks = Object.fromEntries(pods.map((pod, n) => [pod, { bytes: n }]));
    const { fairway_pod_bytes_total: all = [] } = look(totals, 0, looks);
    expect(all.map(({ labels }) => labels.pod)).toEqual(pods);
    expect(all.map(({ value }) => value)).toEqual(pods.map((_, n) => n));
  });
});
