/** The chart's alerts, by Prometheus's own tool: what fires, and what does not. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../../src/ops/child.ts";
import { promtool } from "../support/prometheus.ts";
import { chart } from "./helm.ts";

const alerts = join(chart, "files/alerts.yaml");
const run = (...args: string[]) => {
  const { code, stdout, stderr } = runChild([promtool(), ...args], { timeoutMs: 30_000 });
  return { code, said: `${stdout}${stderr}` };
};

test("they are rules", () => {
  expect(run("check", "rules", "--lint-fatal", alerts)).toMatchObject({ code: 0 });
});

test("each says what happened and what to do", () => {
  const text = readFileSync(alerts, "utf8");
  const { groups } = Bun.YAML.parse(text) as {
    groups: { rules: { alert: string; annotations: Record<string, string> }[] }[];
  };
  for (const { alert, annotations } of groups.flatMap(({ rules }) => rules)) {
    expect(Object.keys(annotations), alert).toEqual(["summary", "description"]);
    expect(annotations.description, alert).toMatch(/\. .*(Run|Look|Find|Move|Give) /);
  }
});

test("each fires when it is to, and not else", () => {
  const folder = mkdtempSync(join(tmpdir(), "fairway-alerts-"));
  try {
    const path = join(folder, "tests.yaml");
    const text = readFileSync(join(import.meta.dir, "alerts.yaml"), "utf8");
    writeFileSync(path, text.replace("[RULES]", `[${alerts}]`));
    const { code, said } = run("test", "rules", path);
    expect(code, said).toBe(0);
    for (const [, name] of readFileSync(alerts, "utf8").matchAll(/- alert: (\w+)/g))
      expect(text).toContain(name as string);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
