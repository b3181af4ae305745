/** FAIRWAY_TRACE=1: where a verb's time goes, in the log; without it nothing. */
import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withNode } from "../support/node.ts";

interface Line {
  msg: string;
  verb: string;
  stage: string;
  depth: number;
  startMs: number;
  durationMs: number;
  failed: boolean;
}

test("a line for each stage, each within the one before that is less deep; off, none", () =>
  withNode((node) => {
    const logFile = join(node.dataDir, "trace.log");
    const options = { config: { logFile, logLevel: "info" }, env: { FAIRWAY_TRACE: "1" } };
    const spans = (): Line[] => {
      const lines = readFileSync(logFile, "utf8").trim().split("\n");
      rmSync(logFile);
      return lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "span");
    };
    const pod = node.pod("a");
    const prevResult = node.add(pod, options);
    const added = spans();
    for (const stage of ["read stdin", "ADD", "open ledger", "record", "base", "pod", "observe"])
      expect(added.map((span) => span.stage)).toContain(stage);
    expect(added.map(({ stage }) => stage).join("\n")).toMatch(/^\d+ messages in the pod$/m);
    const above: Line[] = [];
    for (const span of added) {
      expect(span).toMatchObject({ verb: "ADD", failed: false });
      above.length = span.depth;
      const within = above.at(-1);
      if (within !== undefined) {
        expect(span.startMs).toBeGreaterThanOrEqual(within.startMs);
        // Rounded to microseconds, each.
        expect(span.startMs + span.durationMs).toBeLessThanOrEqual(
          within.startMs + within.durationMs + 0.01,
        );
      }
      above.push(span);
    }
    expect(node.verb("ADD", pod, options).json).toMatchObject({ code: 103 });
    expect(spans().find(({ stage }) => stage === "ADD")?.failed).toBe(true);
    expect(node.check(pod, prevResult, { ...options, config: { ...options.config } }).code).toBe(0);
    expect(spans().map(({ stage }) => stage)).toContain("CHECK");
    node.del(pod, options);
    expect(spans().map(({ stage }) => stage)).toContain("wait until pairs are gone");
    node.add(pod, { config: options.config });
    expect(spans()).toEqual([]);
  }));
