/**
 * A newer version may have added columns to a ledger that this one uses (decision 39): each statement names
 * those that it reads or writes. The schema's own entries are of one version of the file.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../..");
/** Of a text without comments: all columns, or values without a list of columns. */
const unnamed =
  /\bSELECT\s+\*|\b\w+\.\*\s*(?:,|FROM\b)|\bINSERT\s+INTO\s+\w+\s+(?:VALUES|SELECT)\b|\bREPLACE\s+INTO\b/i;
const comment = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

test("every statement names its columns", () => {
  const found = [...new Glob("{bin,src}/**/*.ts").scanSync(root)]
    .filter((path) => path !== "src/ledger/schema.ts")
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8").replace(comment, "") }))
    .filter(({ text }) => unnamed.test(text))
    .map(({ path, text }) => `${path}: ${unnamed.exec(text)?.[0]}`);
  expect(found).toEqual([]);
});

test.each([
  "SELECT * FROM networks",
  "select a.*, (SELECT 1) FROM attachments a",
  "SELECT totals.* FROM totals",
  "INSERT INTO facts VALUES (1)",
  "INSERT INTO facts SELECT 1",
  "REPLACE INTO facts (key) VALUES (1)",
])("%s does not", (statement) => {
  expect(unnamed.test(statement)).toBe(true);
});
