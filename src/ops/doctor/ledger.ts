/** Looks at the ledger: where it lies, who may write it, and which rows nobody works on any more. */

import { netnsKind } from "../../kernel/netns.ts";
import type { RecordedAttachment } from "../../ledger/attachment-rows.ts";
import { faultOfFolder } from "../../ledger/folder.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { type LedgerLook, lookAtLedger } from "../../ledger/look.ts";
import { schemaText, standingOf } from "../../ledger/schema-version.ts";
import { requireKnownPods } from "../../node/facts/known-pods.ts";
import { requireSound } from "../../node/facts/lost-ledger.ts";
import { attachmentName } from "../../plan/node.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

function judgeFolder({ dir, folder }: LedgerLook): Finding {
  const id = "ledger.folder";
  if (folder === null) return ok(id, `${dir} is not there yet: the first ADD makes it`);
  const found = `${dir}, mode ${octal(folder.mode)}, of uid ${folder.uid}`;
  const fault = faultOfFolder(folder, 0);
  return fault === null
    ? ok(id, found)
    : error(id, `${dir} ${fault}`, `chown root: ${dir} and chmod 0700 ${dir}, after a look at it`);
}

function judgeFile({ file }: LedgerLook): Finding[] {
  if (file === null) return [];
  const id = "ledger.file";
  const found = `${file.path}, mode ${octal(file.mode)}, ${file.bytes} bytes`;
  return (file.mode & 0o022) !== 0
    ? [error(id, `${found}: others than its owner may write it`, `chmod 0600 ${file.path}`)]
    : [ok(id, found)];
}

function judgeFileSystem({ fileSystem: { kind, name, of } }: LedgerLook): Finding {
  const id = "ledger.fileSystem";
  switch (kind) {
    case "local":
      return ok(id, `${name} (of ${of})`);
    case "network":
      return error(
        id,
        `${of} is on a network file system (${name}), which cannot lock it`,
        "set dataDir to a folder on a local disk",
      );
    case "overlay":
      return warn(
        id,
        `${of} is on an overlay: through two of them over one lower file two processes get one lock`,
        "set dataDir to a folder of the node's own disk, and mount that where Fairway runs in a container",
      );
  }
}

function judgeSchema({ schema, knownSchema, file }: LedgerLook): Finding[] {
  const id = "ledger.schema";
  if (schema === null || file === null) return [];
  if (typeof schema === "string")
    return [error(id, `cannot be read: ${schema}`, `see docs/errors.md, ledgerUnusable`)];
  const [found, known] = [schemaText(schema), schemaText(knownSchema)];
  switch (standingOf(schema, knownSchema)) {
    case "ahead":
      return [
        error(
          id,
          `schema ${found}; this fairway knows ${known} and older`,
          "a newer fairway wrote it: install that one again",
        ),
      ];
    case "behind":
      return [ok(id, `schema ${found}: the next ADD or DEL makes it ${known}`)];
    case "usable":
      return [
        ok(
          id,
          schema === knownSchema
            ? `schema ${found}`
            : `schema ${found}, with what a newer fairway has added to ${known}, which this one leaves alone`,
        ),
      ];
  }
}

export function judgeLedger(look: LedgerLook): Finding[] {
  return [judgeFolder(look), ...judgeFile(look), judgeFileSystem(look), ...judgeSchema(look)];
}

/** This is longer than any verb takes: what was at work on such a row is dead. */
const stuckMs = 120_000;

export function judgeRow(
  row: RecordedAttachment,
  netns: ReturnType<typeof netnsKind>,
  nowMs: number,
): Finding[] {
  const id = "ledger.rows";
  const name = attachmentName(row);
  const seconds = Math.round((nowMs - row.createdAtMs) / 1000);
  if (row.phase !== "ready" && nowMs - row.createdAtMs > stuckMs)
    return [
      warn(
        id,
        `${name} is ${row.phase}, and was recorded ${seconds} s ago: its ${row.phase === "adding" ? "ADD" : "DEL"} died, or was refused`,
        "the runtime's next DEL or GC finishes it, or `fairway gc`; until then its address and its guarantee are taken",
      ),
    ];
  if (row.phase === "ready" && netns === "absent")
    return [
      warn(
        id,
        `${name} is ready, and its namespace ${row.netns} is gone`,
        "the runtime's next DEL or GC removes it, or `fairway gc`; until then its address and its guarantee are taken",
      ),
    ];
  return [];
}

function rows(view: LedgerView): Finding[] {
  const all = view.attachments.all();
  const stuck = all.flatMap((row) => judgeRow(row, netnsKind(row.netns), Date.now()));
  return stuck.length > 0 ? stuck : [ok("ledger.rows", `${all.length} attachments`)];
}

/** Where a page is damaged the rows may not be readable, so each of the two is a finding of its own. */
function inside(view: LedgerView): Finding[] {
  const sound = attempt("ledger.pages", () => {
    requireSound(view);
    return [ok("ledger.pages", "every page, index and constraint is in order")];
  });
  const known = attempt("ledger.rows", () => {
    requireKnownPods(view);
    return rows(view);
  });
  return [...sound, ...known];
}

export function ledger({ dataDir, ledger: view }: Patient): Finding[] {
  return attempt("ledger", () => [
    ...judgeLedger(lookAtLedger(dataDir)),
    ...(view === null ? [] : inside(view)),
  ]);
}
