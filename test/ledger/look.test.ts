import { expect, test } from "bun:test";
import fs from "node:fs";
import { openLedger } from "../../src/ledger/ledger.ts";
import { lookAtLedger } from "../../src/ledger/look.ts";
import { bootId, tempFolder } from "./fixtures/samples.ts";

test.each([
  ["a folder that is not there, below this one", "none-such/ledger", "."],
  ["below the root", "/none-such", "/"],
  ["with a stroke at its end", "/tmp/none-such/", "/tmp"],
])("the nearest folder that is there: %s", (_, dir, of) => {
  expect(lookAtLedger(dir).fileSystem.of).toBe(of);
});

/** Has the file alone, as who recovers or removes the log does, and tells when. */
const alone = `
  const { Database } = require("bun:sqlite");
  const db = new Database(process.argv[1]);
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("BEGIN EXCLUSIVE");
  require("node:fs").writeFileSync(process.argv[1] + ".taken", "");
  Bun.sleepSync(500);
  db.close();
`;

test("a file that somebody has alone for a moment is waited for", async () => {
  const root = tempFolder();
  try {
    const dir = `${root}/data`;
    openLedger({ dir, bootId }).close();
    const file = `${dir}/ledger.db`;
    const child = Bun.spawn([process.execPath, "-e", alone, file]);
    while (!fs.existsSync(`${file}.taken`)) await Bun.sleep(5);
    const { schema, knownSchema } = lookAtLedger(dir);
    expect(schema).toBe(knownSchema);
    expect(await child.exited).toBe(0);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
