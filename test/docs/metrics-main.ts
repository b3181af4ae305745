/** Writes the table of metrics into docs/metrics.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metricsTable } from "./metrics-table.ts";

const path = join(import.meta.dir, "../../docs/metrics.md");
const [before = "", rest = ""] = readFileSync(path, "utf8").split("<!-- metrics -->\n");
const [, after = ""] = rest.split("<!-- /metrics -->");
writeFileSync(path, `${before}<!-- metrics -->\n${metricsTable()}<!-- /metrics -->${after}`);
