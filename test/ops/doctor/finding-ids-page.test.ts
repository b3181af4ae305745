/** docs/doctor.md has every id that `doctor` can print, and no other. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { partsFor } from "../../../src/kernel/parts.ts";
import { findingIds } from "../../../src/ops/doctor/finding-ids.ts";
import { repository } from "../../support/binary.ts";
import { namesIn, pageText, tablesOf } from "../../support/pages.ts";

const folder = "src/ops/doctor";

const rows = tablesOf(pageText("docs/doctor.md"))
  .filter(({ header }) => header[0] === "id")
  .flatMap((table) => table.rows);
const listed = rows.flatMap(([cell = ""]) => namesIn(cell));

/** What the sources of the findings have as texts: "root.${dev}" becomes a pattern that `root.DEVICE` fits. */
function idPatterns(): RegExp[] {
  const sources = readdirSync(`${repository}/${folder}`)
    .filter((name) => name !== "finding-ids.ts")
    .map((name) => pageText(`${folder}/${name}`));
  const texts = sources.flatMap((source) =>
    [...source.matchAll(/"([\w.-]+)"|`(\w[\w.${}-]*)`/g)].map(([, plain, built]) => plain ?? built),
  );
  return texts.map((text = "") => {
    const fixed = text.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(".", "\\."));
    return new RegExp(`^${fixed.join(".+")}$`);
  });
}

test("each id stands in docs/doctor.md, once", () => {
  expect(listed.toSorted()).toEqual([...new Set(listed)].toSorted());
  expect(findingIds.filter((id) => !listed.includes(id))).toEqual([]);
});

test("each id of docs/doctor.md is one that doctor has", () => {
  const known: readonly string[] = findingIds;
  expect(listed.filter((id) => !known.includes(id))).toEqual([]);
});

test("each id of the list is one that a finding is made with", () => {
  const patterns = idPatterns();
  expect(findingIds.filter((id) => !patterns.some((pattern) => pattern.test(id)))).toEqual([]);
});

test.each([false, true])("each kernel part stands in its row (chained: %p)", (chained) => {
  const row = rows.find(([id = ""]) => id.includes("kernel.MODULE"))?.join(" ") ?? "";
  const modules = partsFor(chained).map(({ module }) => module);
  expect(modules.filter((module) => !row.includes(`\`${module}\``))).toEqual([]);
});
