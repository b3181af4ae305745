/** What is written is what Prometheus reads: promtool, which is Prometheus's own, says so. */
import { describe, expect, test } from "bun:test";
import { described, type Values } from "../../src/metrics/described.ts";
import { exposed } from "../../src/metrics/exposition.ts";
import { Happenings } from "../../src/metrics/happened.ts";
import { runChild } from "../../src/ops/child.ts";
import { seriesIn, valueIn } from "../support/exposition.ts";
import { promtool } from "../support/prometheus.ts";

const pod = (name: string) => ({ namespace: "shop", pod: name, direction: "egress", tier: "gold" });

const bytesOf = (...pods: string[]): Values => ({
  fairway_pod_bytes_total: pods.map((name, value) => ({ labels: pod(name), value })),
});

/** Each metric with a value. */
function everything(): Values {
  const entries = Object.entries(described)
    .filter(([, { type }]) => type !== "histogram")
    .map(([name, { labels }]) => [
      name,
      [{ labels: Object.fromEntries(labels.map((label) => [label, "x"])), value: 1.5 }],
    ]);
  return Object.fromEntries(entries) as Values;
}

function someVerbs(): Happenings {
  const happenings = new Happenings(["class"]);
  happenings.verb("ADD", "agent", 0.02);
  happenings.verb("DEL", "process", 3);
  return happenings;
}

const openMetrics = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5";

describe("the text", () => {
  test.each(['a "quote"', "a\nnew line", "a \\ stroke", "\\n", "{}=,#", "ü 𝄞"])(
    "a label of %j comes back as it was",
    async (name) => {
      const { text } = await exposed(bytesOf(name), [], "");
      expect(seriesIn(text).map(({ labels }) => labels.pod)).toEqual([name]);
    },
  );

  test("a histogram has its buckets, its sum and its count", async () => {
    const { text } = await exposed({}, someVerbs().durations, "");
    const labels = { verb: "ADD", way: "agent" };
    const name = "fairway_verb_duration_seconds";
    expect(valueIn(text, `${name}_bucket`, { ...labels, le: "0.01" })).toBe(0);
    expect(valueIn(text, `${name}_bucket`, { ...labels, le: "0.025" })).toBe(1);
    expect(valueIn(text, `${name}_bucket`, { ...labels, le: "+Inf" })).toBe(1);
    expect(valueIn(text, `${name}_sum`, labels)).toBe(0.02);
    expect(valueIn(text, `${name}_count`, labels)).toBe(1);
    expect(text).toContain(`# TYPE ${name} histogram\n`);
  });

  test("OpenMetrics is given to whoever asks for it", async () => {
    const plain = await exposed(everything(), someVerbs().durations, "text/plain");
    expect(plain.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(plain.text).not.toContain("# EOF");
    const open = await exposed(everything(), someVerbs().durations, openMetrics);
    expect(open.contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toEndWith("\n# EOF\n");
    expect(open.text).toContain("# TYPE fairway_pod_bytes counter\n");
    expect(seriesIn(open.text)).toEqual(seriesIn(plain.text));
  });

  test("each metric is written, with what it means", async () => {
    const { text } = await exposed(everything(), someVerbs().durations, "");
    for (const [name, { help, type }] of Object.entries(described)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
      expect(text).toMatch(new RegExp(`^${name}(_count)?[{ ]`, "m"));
    }
  });

  test("promtool has nothing to say against it", async () => {
    const { text } = await exposed(everything(), someVerbs().durations, "");
    const { code, stdout, stderr } = runChild([promtool(), "check", "metrics"], {
      stdin: text,
      timeoutMs: 10_000,
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("5,000 pods", async () => {
    const pods = Array.from({ length: 5_000 }, (_, n) => `pod-${n}`);
    const { text } = await exposed(bytesOf(...pods), [], "");
    expect(seriesIn(text).map(({ labels }) => labels.pod)).toEqual(pods);
  });
});
