/** docs/metrics.md says what there is. Its table of metrics is written by `bun test/docs/metrics-main.ts`. */
import { expect, test } from "bun:test";
import { described } from "../../src/metrics/described.ts";
import { pageText } from "../support/pages.ts";
import { metricsTable } from "./metrics-table.ts";

const page = pageText("docs/metrics.md");
const between = (name: string): string =>
  page.split(`<!-- ${name} -->\n`)[1]?.split(`<!-- /${name} -->`)[0] ?? "";

test("the table of metrics is the code's", () => {
  expect(between("metrics")).toBe(metricsTable());
});

test("the table of alerts has those of the chart, in their order", () => {
  const alerts = [...pageText("charts/fairway/files/alerts.yaml").matchAll(/- alert: (\w+)/g)];
  const rows = [...between("alerts").matchAll(/^\| `(\w+)` \|/gm)];
  expect(rows.map(([, name]) => name)).toEqual(alerts.map(([, name]) => name));
  expect(rows.length).toBeGreaterThan(5);
});

test("queries, rules and the board name no metric that there is not", () => {
  const texts = [
    page,
    ...["alerts.yaml", "dashboard.json"].map((name) => pageText(`charts/fairway/files/${name}`)),
  ];
  const names = texts.flatMap((text) => text.match(/\bfairway_[a-z_]+\b/g) ?? []);
  const known = Object.keys(described);
  const strange = names.filter((name) => !known.includes(name.replace(/_(bucket|sum|count)$/, "")));
  expect(strange).toEqual([]);
});
