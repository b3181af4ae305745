// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of source as they stand in it
/**
 * This tree as its next version, which has made an addition to the ledger: columns, a table and a fact, all of
 * which it writes and reads.
 */
import { otherBuild, type Replacement } from "./other-build.ts";

/** What it writes into its column, its table and its fact. */
export const mark = "by the next version";

const addition = `
ALTER TABLE attachments ADD COLUMN made TEXT;
ALTER TABLE attachments ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leases ADD COLUMN made TEXT;
ALTER TABLE networks ADD COLUMN made TEXT;
CREATE TABLE notes (attachment_id INTEGER PRIMARY KEY REFERENCES attachments (id) ON DELETE CASCADE,
  note TEXT NOT NULL) STRICT`;

const rows = "src/ledger/attachment-rows.ts";

const replacements: readonly Replacement[] = [
  {
    file: "src/ledger/schema.ts",
    old: "claims_by_pod ON claims (boot_id, pod_uid)\n`,\n  ],",
    new: `claims_by_pod ON claims (boot_id, pod_uid)\n\`,\n    \`${addition}\`,\n  ],`,
  },
  { file: rows, old: "a.created_up_ms, (", new: "a.created_up_ms, a.made, a.seen, (" },
  {
    file: rows,
    old: "       created_at_ms, created_up_ms)\n     VALUES (",
    new: `       created_at_ms, created_up_ms, made)\n     VALUES (`,
  },
  { file: rows, old: "?, ?) RETURNING id`", new: `?, ?, '${mark}') RETURNING id\`` },
  {
    file: rows,
    old: 'if (inserted === null) throw new Error("INSERT ... RETURNING returned no row");',
    new: `if (inserted === null) throw new Error("INSERT ... RETURNING returned no row");
  store.run("INSERT INTO notes (attachment_id, note) VALUES (?, '${mark}')", inserted.id);
  store.run("INSERT INTO facts (boot_id, key, value) VALUES (?, '${mark}', 'yes') ON CONFLICT DO NOTHING", store.bootId);`,
  },
  {
    file: rows,
    old: "attachment_id, position)\n       VALUES (?,",
    new: `attachment_id, position, made)\n       VALUES (?,`,
  },
  {
    file: rows,
    old: "?, ?, ?, ?, ?)`,\n      store.bootId,\n      lease",
    new: `?, ?, ?, ?, ?, '${mark}')\`,\n      store.bootId,\n      lease`,
  },
  {
    file: "src/ledger/attachments.ts",
    old: "`UPDATE attachments SET phase = ? WHERE ${ofKey}`",
    new: "`UPDATE attachments SET phase = ?, seen = seen + 1 WHERE ${ofKey}`",
  },
];

export const nextVersion = (): { folder: string; binary: string } => otherBuild(replacements);
