import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs";
import { networkFileSystem } from "../../src/ledger/folder.ts";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { schemaVersion } from "../../src/ledger/schema.ts";
import { schemaOf, schemaText } from "../../src/ledger/schema-version.ts";
import { refusal } from "../support/refusal.ts";
import { attachment, bootId, tempFolder } from "./fixtures/samples.ts";

const newer = schemaOf(schemaVersion).format + 1;

let root = "";
let dir = "";
let file = "";
beforeEach(() => {
  root = tempFolder();
  dir = `${root}/var/fairway`;
  file = `${dir}/ledger.db`;
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function make(): void {
  const ledger = openLedger({ dir, bootId });
  ledger.exclusively(() => ledger.attachments.insert(attachment(1)));
  ledger.close();
}

const modeOf = (path: string) => (fs.statSync(path).mode & 0o777).toString(8);

test("the folder and the files are root's alone, whatever the umask", () => {
  const before = process.umask(0);
  try {
    const ledger = openLedger({ dir, bootId });
    ledger.exclusively(() => ledger.attachments.insert(attachment(1)));
    expect(modeOf(dir)).toBe("700");
    for (const name of ["ledger.db", "ledger.db-wal", "ledger.db-shm"]) {
      expect(modeOf(`${dir}/${name}`)).toBe("600");
    }
    ledger.close();
  } finally {
    process.umask(before);
  }
});

test("the file says what it is", () => {
  make();
  const db = new Database(file, { readonly: true });
  expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: schemaVersion });
  expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
});

test("it can be opened again, and twice at once", () => {
  make();
  const one = openLedger({ dir, bootId });
  const two = openLedger({ dir, bootId });
  one.exclusively(() => one.attachments.insert(attachment(2)));
  expect(two.attachments.all()).toHaveLength(2);
  one.close();
  two.close();
});

describe("for looking only", () => {
  test("there is none before it is made", () => {
    expect(openLedgerReadonly({ dir, bootId })).toBeNull();
    expect(fs.existsSync(dir)).toBe(false);
  });

  test("nor while it is empty", () => {
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(file, "");
    expect(openLedgerReadonly({ dir, bootId })).toBeNull();
    expect(fs.statSync(file).size).toBe(0);
  });

  test("then it shows what there is", () => {
    make();
    const view = openLedgerReadonly({ dir, bootId });
    expect(view?.attachments.find(attachment(1))).toMatchObject(attachment(1));
    view?.close();
  });
});

describe("a file that cannot be used is refused in words, and left as it is", () => {
  const damage: [string, () => void, RegExp, RegExp][] = [
    [
      "no database",
      () => fs.writeFileSync(file, "it rains ".repeat(1000)),
      /ledger\.db is damaged or no SQLite database/,
      /repair --rebuild/,
    ],
    [
      "its first page overwritten",
      () => {
        const bytes = fs.readFileSync(file);
        bytes.fill(0x5a, 16, 4096);
        fs.writeFileSync(file, bytes);
      },
      /damaged/,
      /repair --rebuild/,
    ],
    [
      "a newer schema",
      () => {
        const db = new Database(file);
        db.run(`PRAGMA user_version = ${newer}`);
        db.close();
      },
      new RegExp(`schema ${newer}; this fairway knows ${schemaText(schemaVersion)}`),
      /newer fairway/,
    ],
    [
      "another program's database",
      () => {
        fs.rmSync(file);
        const db = new Database(file);
        db.run("CREATE TABLE songs (name TEXT)");
        db.close();
        fs.chmodSync(file, 0o600);
      },
      /another program's database/,
      /dataDir/,
    ],
    [
      "writable by others",
      () => fs.chmodSync(file, 0o622),
      /writable by others than its owner \(mode 0622\)/,
      /chmod 0600 /,
    ],
    [
      "a folder in its place",
      () => {
        fs.rmSync(file);
        fs.mkdirSync(file);
      },
      /not a plain file/,
      /move .* away/,
    ],
    [
      "a link in its place",
      () => {
        fs.renameSync(file, `${root}/elsewhere`);
        fs.symlinkSync(`${root}/elsewhere`, file);
      },
      /not a plain file/,
      /move .* away/,
    ],
  ];
  test.each(damage)("%s", (_, spoil, words, advice) => {
    make();
    spoil();
    const isFile = fs.statSync(file).isFile();
    const before = isFile ? fs.readFileSync(file) : null;
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error.code).toBe(111);
    expect(error.message).toMatch(words);
    expect(error.details).toMatch(advice);
    if (before !== null) expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  test("a damaged one is refused for looking too", () => {
    make();
    fs.writeFileSync(file, "it rains ".repeat(1000));
    expect(refusal(() => openLedgerReadonly({ dir, bootId })).kind).toBe("ledgerUnusable");
  });

  test("damage that a query meets later", () => {
    make();
    const db = new Database(file, { readonly: true });
    const page = db
      .query<{ rootpage: number }, []>(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'attachments'",
      )
      .get()?.rootpage;
    db.close();
    const bytes = fs.readFileSync(file);
    const at = ((page ?? 0) - 1) * 4096;
    bytes.fill(0x5a, at, at + 4096);
    fs.writeFileSync(file, bytes);
    const ledger = openLedger({ dir, bootId });
    const error = refusal(() => ledger.attachments.all());
    expect(error.kind).toBe("ledgerUnusable");
    expect(error.message).toMatch(/damaged/);
    ledger.close();
  });
});

describe("network file systems are known by their type", () => {
  const rows: [string, number, string | null][] = [
    ["NFS", 0x6969, "NFS"],
    ["SMB", 0x517b, "SMB"],
    ["CIFS", 0xff534d42, "CIFS"],
    ["CIFS, as a signed word", 0xff534d42 | 0, "CIFS"],
    ["SMB2, as a signed word", 0xfe534d42 | 0, "SMB2"],
    ["9p", 0x01021997, "9p"],
    ["ext4", 0xef53, null],
    ["tmpfs", 0x01021994, null],
    ["overlay", 0x794c7630, null],
    ["FUSE", 0x65735546, null],
  ];
  test.each(rows)("%s", (_, type, name) => {
    expect(networkFileSystem(type)).toBe(name);
  });
});

describe("a folder that cannot be used is refused in words", () => {
  test.each([0o777, 0o1777])("writable by everyone, %o", (mode) => {
    fs.mkdirSync(dir, { recursive: true });
    fs.chmodSync(dir, mode);
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error.code).toBe(111);
    expect(error.message).toMatch(/writable by everyone/);
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  test("a file in its place", () => {
    fs.mkdirSync(`${root}/var`);
    fs.writeFileSync(dir, "");
    const error = refusal(() => openLedger({ dir, bootId }));
    expect(error.code).toBe(111);
    expect(error.message).toContain(dir);
  });

  test("a file system where nothing can be made", () => {
    const error = refusal(() => openLedger({ dir: "/proc/self/fairway", bootId }));
    expect(error.code).toBe(111);
    expect(error.details).toMatch(/dataDir/);
  });

  test("no boot id", () => {
    expect(refusal(() => openLedger({ dir, bootId: "" })).message).toMatch(/boot id/);
    expect(fs.existsSync(dir)).toBe(false);
  });
});
