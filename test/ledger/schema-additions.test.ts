/**
 * What a newer version may add to the ledger while this one is still at work: this one reads and writes as
 * ever, and nothing of what was added is lost (decision 39).
 */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs";
import { openLedger, openLedgerCopy, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { schemaVersion } from "../../src/ledger/schema.ts";
import { schemaNumber, schemaOf } from "../../src/ledger/schema-version.ts";
import { refusal } from "../support/refusal.ts";
import { attachment, bootId, networkBase, otherBootId, tempFolder } from "./fixtures/samples.ts";

let root = "";
let dir = "";
let file = "";
beforeEach(() => {
  root = tempFolder();
  dir = `${root}/data`;
  file = `${dir}/ledger.db`;
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const known = schemaOf(schemaVersion);
const next = schemaNumber({ ...known, additions: known.additions + 1 });

/** Tables whose rows stay when what they tell is written anew. */
const kept = ["attachments", "leases", "networks", "cursors", "former_roots", "facts", "totals"];
const tables = [...kept, "class_blocks", "reservations", "holds"];

/** As a newer version does it: a column for each table, a table of its own, and a fact. */
const addition = [
  ...tables.map((table) => `ALTER TABLE ${table} ADD COLUMN later TEXT`),
  "ALTER TABLE attachments ADD COLUMN counted INTEGER NOT NULL DEFAULT 7",
  `CREATE TABLE notes (attachment_id INTEGER PRIMARY KEY REFERENCES attachments (id) ON DELETE CASCADE,
     note TEXT NOT NULL) STRICT`,
  `INSERT INTO facts (boot_id, key, value) VALUES ('${bootId}', 'of a newer version', 'yes')`,
  `PRAGMA user_version = ${next}`,
].join(";\n");

/** For the triggers that count: they name no columns, so the addition that gives these tables one has them anew. */
const triggers = `
DROP TRIGGER attachment_came;
CREATE TRIGGER attachment_came AFTER INSERT ON attachments BEGIN
  INSERT INTO totals (boot_id, attachments, egress_bits, egress_floors, ingress_bits, ingress_floors, ready_ingress_bits)
    SELECT boot_id, 1, egress_bits, egress_floor, ingress_bits, ingress_floor, ready_ingress_bits
    FROM counted WHERE id = new.id
    ON CONFLICT DO UPDATE SET attachments = attachments + 1,
      egress_bits = egress_bits + excluded.egress_bits, egress_floors = egress_floors + excluded.egress_floors,
      ingress_bits = ingress_bits + excluded.ingress_bits, ingress_floors = ingress_floors + excluded.ingress_floors,
      ready_ingress_bits = ready_ingress_bits + excluded.ready_ingress_bits;
  INSERT INTO class_blocks (boot_id, block, used) VALUES (new.boot_id, new.class_minor >> 8, 1)
    ON CONFLICT DO UPDATE SET used = used + 1;
END`;

function withFile(use: (db: Database) => void): void {
  const db = new Database(file);
  try {
    db.run("PRAGMA foreign_keys = ON");
    use(db);
  } finally {
    db.close();
  }
}

const rowsOf = (table: string): Record<string, unknown>[] => {
  let rows: Record<string, unknown>[] = [];
  withFile((db) => {
    rows = db.query<Record<string, unknown>, []>(`SELECT * FROM ${table}`).all();
  });
  return rows;
};

/** Writes to every table. */
function fill(numbers: readonly number[]): void {
  using ledger = openLedger({ dir, bootId });
  ledger.exclusively(() => {
    ledger.forgetEarlierBoots();
    ledger.recordNetwork({ name: "pods", config: "{}", base: networkBase("pods") });
    ledger.setFact("mine", String(numbers[0]));
    ledger.recordFormerRoot({ device: "eth0", kind: "mq", handle: "0:" });
    ledger.setCursor("pods", 0, BigInt(numbers[0] ?? 0));
    for (const n of numbers) ledger.attachments.insert(attachment(n));
    ledger.reservations.insert({
      ...{ network: "others", address: `198.18.9.${numbers[0]}`, containerId: "x", ifname: "eth0" },
      ...{ prefixLength: 24, gateway: null, podNamespace: null, podName: null },
      ...{ stickyMs: null, createdAtMs: 1 },
    });
    const pod = { network: "pods", podNamespace: "a", podName: `b${numbers[0]}`, ifname: "eth0" };
    ledger.holds.keep(pod, [`198.18.8.${numbers[0]}`], 9e15, 1);
  });
}

/** A ledger of this version, to which a newer one has added, in whose rows it wrote. */
function makeNext(): void {
  fill([1, 2]);
  withFile((db) => {
    db.run(`BEGIN; ${addition}; ${triggers}; COMMIT`);
    for (const table of tables) db.run(`UPDATE ${table} SET later = 'newer'`);
    db.run("INSERT INTO notes SELECT id, 'newer' FROM attachments");
  });
}

describe("a ledger with an addition that this version does not know", () => {
  test("is read, also for looking only and as a copy", () => {
    makeNext();
    for (const open of [openLedger, openLedgerReadonly, openLedgerCopy]) {
      using ledger = open({ dir, bootId });
      expect(ledger?.attachments.all().map((a) => a.containerId)).toEqual(["c1", "c2"]);
      expect(ledger?.attachments.find(attachment(1))).toMatchObject(attachment(1));
      expect(ledger?.network("pods")?.base).toEqual(networkBase("pods"));
      expect(ledger?.attachments.promised().egress.guaranteedBits).toBe(200_000_000_000);
      expect(ledger?.fact("mine")).toBe("1");
    }
  });

  test("is written, and what was added stays in each row that stays", () => {
    makeNext();
    fill([3, 4]);
    using ledger = openLedger({ dir, bootId });
    ledger.exclusively(() => {
      ledger.attachments.setPhase(attachment(1), "ready");
      ledger.attachments.setPromise(attachment(1), attachment(4).promise, attachment(4).asks);
    });
    for (const table of kept)
      expect({ table, later: rowsOf(table).filter((row) => row.later === "newer").length }).toEqual(
        {
          table,
          later: table === "attachments" || table === "leases" ? 2 : table === "facts" ? 3 : 1,
        },
      );
    expect(rowsOf("attachments").map(({ later, counted }) => [later, counted])).toEqual([
      ["newer", 7],
      ["newer", 7],
      [null, 7],
      [null, 7],
    ]);
    expect(rowsOf("notes")).toHaveLength(2);
    expect(ledger.fact("of a newer version")).toBe("yes");
    expect(ledger.attachments.all()).toHaveLength(4);
    expect(ledger.faults()).toEqual([]);
  });

  test("loses with a row what a newer version has to it, and nothing else", () => {
    makeNext();
    using ledger = openLedger({ dir, bootId });
    expect(ledger.attachments.remove(attachment(1))).toBe(true);
    expect(rowsOf("notes")).toHaveLength(1);
    expect(rowsOf("leases")).toHaveLength(1);
    ledger.retireNetworks();
    expect(rowsOf("networks")).toMatchObject([{ later: "newer", boot_id: "" }]);
  });

  test("keeps its version, and no copy of it is made", () => {
    makeNext();
    fill([3]);
    expect(rowsOf("pragma_user_version")).toEqual([{ user_version: next }]);
    expect(fs.readdirSync(dir).sort()).toEqual(["ledger.db"]);
  });

  test("is used on by a process that had it open before", () => {
    fill([1]);
    using ledger = openLedger({ dir, bootId });
    expect(ledger.attachments.all()).toHaveLength(1);
    withFile((db) => db.run(`BEGIN; ${addition}; ${triggers}; COMMIT`));
    expect(ledger.hasKnownSchema()).toBe(true);
    ledger.exclusively(() => ledger.attachments.insert(attachment(2)));
    expect(ledger.attachments.all().map((a) => a.containerId)).toEqual(["c1", "c2"]);
    expect(ledger.network("pods")?.base).toEqual(networkBase("pods"));
  });

  test("outlives a reboot", () => {
    makeNext();
    using ledger = openLedger({ dir, bootId: otherBootId });
    ledger.exclusively(() => {
      expect(ledger.forgetEarlierBoots().attachments).toHaveLength(2);
      ledger.attachments.insert(attachment(1));
    });
    expect(rowsOf("notes")).toEqual([]);
    expect(rowsOf("networks")).toMatchObject([{ later: "newer" }]);
    expect(ledger.faults()).toEqual([]);
  });
});

describe("a ledger of a newer format", () => {
  test.each([0, 1])("with %d additions is refused, and left as it is", (additions) => {
    makeNext();
    const format = known.format + 1;
    withFile((db) => db.run(`PRAGMA user_version = ${schemaNumber({ format, additions })}`));
    const before = fs.readFileSync(file);
    for (const open of [openLedger, openLedgerReadonly, openLedgerCopy]) {
      const error = refusal(() => open({ dir, bootId }));
      expect(error.code).toBe(111);
      expect(error.message).toMatch(
        new RegExp(`has schema ${format}(\\.1)?; this fairway knows ${known.format}`),
      );
      expect(error.details).toMatch(/newer fairway wrote it/);
    }
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  test("a process that had it open before uses it no more", () => {
    fill([1]);
    using ledger = openLedger({ dir, bootId });
    withFile((db) => db.run(`PRAGMA user_version = ${known.format + 1}`));
    expect(refusal(() => ledger.hasKnownSchema()).code).toBe(111);
  });
});
