/** Files that a crash or a hand has harmed, before anything is read from them. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs";
import { FairwayError } from "../../src/errors.ts";
import { faultOfFolder, refuseNetworkFileSystem } from "../../src/ledger/folder.ts";
import { olderFileOf } from "../../src/ledger/keep-older.ts";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { schemaVersion, upgradeFrom } from "../../src/ledger/schema.ts";
import { schemaOf } from "../../src/ledger/schema-version.ts";
import { refusal } from "../support/refusal.ts";
import { attachment, bootId, tempFolder } from "./fixtures/samples.ts";

let root = "";
let dir = "";
let file = "";
beforeEach(() => {
  root = tempFolder();
  dir = `${root}/data`;
  file = `${dir}/ledger.db`;
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const insert = (...numbers: number[]) => {
  const ledger = openLedger({ dir, bootId });
  for (const n of numbers) ledger.exclusively(() => ledger.attachments.insert(attachment(n)));
  return ledger;
};

function containers(folder: string): { ids: string[]; faults: string[] } {
  const ledger = openLedger({ dir: folder, bootId });
  try {
    return { faults: ledger.faults(), ids: ledger.attachments.all().map((a) => a.containerId) };
  } finally {
    ledger.close();
  }
}

/** A folder with these files, as a machine finds them after it lost its power. */
function found(files: Record<string, Uint8Array>): string {
  const folder = fs.mkdtempSync(`${root}/found-`);
  for (const [name, bytes] of Object.entries(files))
    fs.writeFileSync(`${folder}/${name}`, bytes, { mode: 0o600 });
  return folder;
}

describe("the ledger", () => {
  test("a torn write-ahead log: what was written whole is there, in order, and nothing else", () => {
    const ledger = insert(1, 2, 3, 4, 5);
    const db = fs.readFileSync(file);
    const wal = fs.readFileSync(`${file}-wal`);
    ledger.close();
    const seen = new Set<string>();
    for (let cut = wal.length; cut >= 0; cut -= 997) {
      const torn = containers(found({ "ledger.db": db, "ledger.db-wal": wal.subarray(0, cut) }));
      if (cut === wal.length) expect(torn.ids).toHaveLength(5);
      expect(torn.faults).toEqual([]);
      expect(torn.ids).toEqual(["c1", "c2", "c3", "c4", "c5"].slice(0, torn.ids.length));
      seen.add(torn.ids.join());
    }
    expect(seen.size).toBeGreaterThan(3);
  });

  test("a write-ahead log with a byte turned over: the same", () => {
    const ledger = insert(1, 2, 3);
    const db = fs.readFileSync(file);
    const wal = fs.readFileSync(`${file}-wal`);
    ledger.close();
    for (let at = 100; at < wal.length; at += 4999) {
      const bytes = Buffer.from(wal);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      const turned = containers(found({ "ledger.db": db, "ledger.db-wal": bytes }));
      expect(turned.faults).toEqual([]);
      expect(turned.ids).toEqual(["c1", "c2", "c3"].slice(0, turned.ids.length));
    }
  });

  test("a truncated file is refused in words wherever it was cut", () => {
    insert(1, 2).close();
    const db = fs.readFileSync(file);
    // The tail of the last page is empty, and SQLite takes what is cut off there for that.
    for (let length = 512; length < db.length - 4096; length += 4096 + 512) {
      const folder = found({ "ledger.db": db.subarray(0, length) });
      const error = refusal(() => {
        const { faults } = containers(folder);
        if (faults.length > 0)
          throw new FairwayError("ledgerUnusable", "damaged", "repair --rebuild");
      });
      expect(error).toMatchObject({ code: 111, message: expect.stringContaining("damaged") });
      expect(error.details).toContain("repair --rebuild");
      expect(fs.readFileSync(`${folder}/ledger.db`).length).toBe(length);
    }
  });

  test("a corrupted page: every page of it is told, by what reads it or by the look at all", () => {
    insert(...Array.from({ length: 40 }, (_, n) => n)).close();
    const db = fs.readFileSync(file);
    for (let page = 0; page < db.length / 4096; page++) {
      const bytes = Buffer.from(db);
      bytes.fill(0x5a, page * 4096, page * 4096 + 2048);
      const folder = found({ "ledger.db": bytes });
      let told: string[];
      try {
        told = containers(folder).faults;
      } catch (error) {
        told = [error instanceof FairwayError ? error.message : `not in words: ${error}`];
      }
      expect({ page, told: told.join() }).toEqual({ page, told: expect.stringMatching(/./) });
      expect(told.join()).not.toContain("not in words");
    }
  });

  const newer = schemaOf(schemaVersion).format + 1;

  test("a newer schema is refused with words, and left as it is", () => {
    insert(1).close();
    const db = new Database(file);
    db.run(`PRAGMA user_version = ${newer}`);
    db.close();
    const before = fs.readFileSync(file);
    for (const open of [openLedger, openLedgerReadonly]) {
      const error = refusal(() => open({ dir, bootId }));
      expect(error.message).toContain(`schema ${newer}; this fairway knows`);
      expect(error.details).toContain("install that one again");
    }
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  test.each(Array.from({ length: schemaOf(schemaVersion).format - 1 }, (_, n) => n + 1))(
    "an older schema, %d, is migrated, and a copy is kept",
    (schema) => {
      fs.mkdirSync(dir, { mode: 0o700 });
      const db = new Database(file);
      db.run(upgradeFrom(0, schema));
      db.run("INSERT INTO cursors VALUES ('pods', 0, '3323068674')");
      db.close();
      fs.chmodSync(file, 0o600);
      const ledger = openLedger({ dir, bootId });
      expect(ledger.cursor("pods", 0)).toBe(3323068674n);
      expect(ledger.faults()).toEqual([]);
      ledger.exclusively(() => ledger.attachments.insert(attachment(1)));
      ledger.close();
      const kept = olderFileOf(file, schema);
      expect(fs.readdirSync(dir).sort()).toEqual(["ledger.db", `ledger.db.schema-${schema}`]);
      expect(fs.statSync(kept).mode & 0o777).toBe(0o600);
      const older = new Database(kept, { readonly: true });
      expect(older.query("PRAGMA user_version").get()).toEqual({ user_version: schema });
      expect(older.query("SELECT last FROM cursors").get()).toEqual({ last: "3323068674" });
      older.close();
    },
  );

  test("an older schema of which no copy can be kept stays as it is", () => {
    fs.mkdirSync(dir, { mode: 0o700 });
    const db = new Database(file);
    db.run(upgradeFrom(0, 1));
    db.close();
    fs.chmodSync(file, 0o600);
    fs.mkdirSync(olderFileOf(file, 1));
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error).toMatchObject({ code: 111, message: expect.stringContaining("no copy") });
    const same = new Database(file, { readonly: true });
    expect(same.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    same.close();
  });

  test("network file systems are refused with words", () => {
    const error = refusal(() => refuseNetworkFileSystem("/mnt/data", 0x6969));
    expect(error).toMatchObject({
      code: 111,
      message: expect.stringMatching(/\/mnt\/data is on a network file system \(NFS\)/),
      details: expect.stringContaining("local disk"),
    });
    expect(() => refuseNetworkFileSystem("/mnt/data", 0xef53)).not.toThrow();
  });

  test("one that was replaced while it was open is not written to", () => {
    const ledger = insert(1);
    fs.renameSync(file, `${file}.old`);
    insert(2).close();
    const error = refusal(() => ledger.exclusively(() => ledger.attachments.insert(attachment(3))));
    expect(error).toMatchObject({ code: 11, message: expect.stringContaining("replaced") });
    ledger.close();
    expect(containers(dir).ids).toEqual(["c2"]);
  });

  test("one that is being rebuilt is not opened", () => {
    insert(1).close();
    fs.writeFileSync(`${dir}/ledger.rebuild`, "");
    for (const open of [openLedger, openLedgerReadonly])
      expect(refusal(() => open({ dir, bootId }))).toMatchObject({
        code: 111,
        message: expect.stringContaining("being rebuilt"),
        details: expect.stringContaining("repair --rebuild"),
      });
  });
});

describe("links in the ledger's folder", () => {
  test.each(["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal"])(
    "%s: refused, and what it leads to stays",
    (name) => {
      insert(1).close();
      const victim = `${root}/victim`;
      fs.writeFileSync(victim, "theirs");
      fs.rmSync(`${dir}/${name}`, { force: true });
      fs.symlinkSync(victim, `${dir}/${name}`);
      const error = refusal(() => openLedger({ dir, bootId }));
      expect(error).toMatchObject({
        code: 111,
        message: expect.stringContaining("not a plain file"),
      });
      expect(fs.readFileSync(victim, "utf8")).toBe("theirs");
    },
  );

  test("one that leads nowhere yet", () => {
    fs.mkdirSync(dir, { mode: 0o700 });
    fs.symlinkSync(`${root}/nothing`, file);
    expect(refusal(() => openLedger({ dir, bootId })).message).toContain("not a plain file");
    expect(fs.existsSync(`${root}/nothing`)).toBe(false);
  });
});

describe("a folder in which somebody else could put another ledger", () => {
  const rows: [string, number, number, RegExp | null][] = [
    ["root's alone", 0o700, 0, null],
    ["readable by all", 0o755, 0, null],
    ["of whoever runs it", 0o700, 7, null],
    ["writable by everyone", 0o777, 0, /by everyone \(mode 0777\)/],
    ["writable by everyone, sticky", 0o1777, 0, /by everyone \(mode 1777\)/],
    ["writable by its group", 0o770, 0, /by its group \(mode 0770\)/],
    ["of another user", 0o700, 1000, /uid 1000/],
  ];
  test.each(rows)("%s", (_, mode, uid, words) => {
    const fault = faultOfFolder({ mode, uid }, 7);
    if (words === null) expect(fault).toBeNull();
    else expect(fault).toMatch(words);
  });

  test("it lies in one that everyone may write to", () => {
    fs.mkdirSync(`${root}/open`);
    fs.chmodSync(`${root}/open`, 0o777);
    dir = `${root}/open/data`;
    fs.mkdirSync(dir, { mode: 0o700 });
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error.message).toContain(`lies in ${fs.realpathSync(`${root}/open`)}`);
    expect(fs.readdirSync(dir)).toEqual([]);
    fs.chmodSync(`${root}/open`, 0o1777);
    openLedger({ dir, bootId }).close();
  });

  test("somebody made it first", () => {
    fs.mkdirSync(dir, { mode: 0o755 });
    fs.chownSync(dir, 12345, 12345);
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error.message).toContain("uid 12345");
    expect(fs.readdirSync(dir)).toEqual([]);
  });
});
