/**
 * Entries that were released are never edited, and their text has plan/shape.ts's floorBits in it. Where that
 * changes, older files keep the view that has the older floor: a new entry has to make the view and the sums
 * anew, and the older ones have to keep their number as it was.
 */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { schemaVersion, upgradeFrom } from "../../src/ledger/schema.ts";

/** From an empty file on: the formats, and the additions to the last of them. */
const versions = [0, 1, 2, 3, 4, 5, 6, 1006, 2006];

/** The beginnings of SHA-256 digests, by the version that an entry leads to. An entry that is added gets a row. */
const released = [
  "1d31c35176d4fa07",
  "e1244ed62f1603ef",
  "3af099c601c25b42",
  "4e8a294f7db875ef",
  "f62792be1119b86c",
  "8f5ca902236efd2a",
  "2de11a3a1267f47b",
  "1db1be462b6cf06e",
];

test("every entry is as it was released", () => {
  expect(versions.at(-1)).toBe(schemaVersion);
  const digests = versions.slice(1).map((to, from) =>
    createHash("sha256")
      .update(upgradeFrom(versions[from] ?? 0, to))
      .digest("hex")
      .slice(0, 16),
  );
  expect(digests).toEqual(released);
});
