/** Which version of the ledger's tables an SQLite file has. */
import type { Database } from "bun:sqlite";
import { unusable } from "./failures.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { schemaText, standingOf } from "./schema-version.ts";

interface Version {
  version: number;
  application: number;
  tables: number;
}

/**
 * It is one statement, so it sees one state of the file: the first opener makes the tables while others look.
 */
const versionSql = `
  SELECT user_version AS version, application_id AS application,
    (SELECT count(*) FROM sqlite_schema) AS tables
  FROM pragma_user_version, pragma_application_id`;

export const isBehind = (version: number): boolean =>
  standingOf(version, schemaVersion) === "behind";

/** Returns 0 for an empty file. It only reads: a file that is not ours stays as it is. */
export function checkedVersion(db: Database, file: string): number {
  const found = db.query<Version, []>(versionSql).get();
  if (found === null) throw unusable(`the ledger ${file} has no version`, `move ${file} away`);
  const { version, application, tables } = found;
  if (version === 0 && application === 0 && tables === 0) return 0;
  if (application !== applicationId) {
    throw unusable(
      `${file} is another program's database`,
      `move ${file} away, or set dataDir to a folder of Fairway's own`,
    );
  }
  if (standingOf(version, schemaVersion) === "ahead") {
    throw unusable(
      `the ledger ${file} has schema ${schemaText(version)}; this fairway knows ${schemaText(schemaVersion)} and older`,
      "a newer fairway wrote it: install that one again",
    );
  }
  return version;
}
