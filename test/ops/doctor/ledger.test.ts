import { describe, expect, test } from "bun:test";
import type { RecordedAttachment } from "../../../src/ledger/attachment-rows.ts";
import { fileSystemOf, type LedgerLook } from "../../../src/ledger/look.ts";
import { judgeLedger, judgeRow } from "../../../src/ops/doctor/ledger.ts";

describe("the ledger", () => {
  const healthy: LedgerLook = {
    dir: "/d",
    folder: { path: "/d", mode: 0o700, uid: 0, bytes: 4096 },
    file: { path: "/d/ledger.db", mode: 0o600, uid: 0, bytes: 9 },
    fileSystem: { of: "/d", name: "ext4", kind: "local" },
    schema: 1,
    knownSchema: 1,
  };
  const folder = (mode: number, uid = 0) => ({ folder: { path: "/d", mode, uid, bytes: 1 } });
  test.each([
    ["as it must be", {}, []],
    ["not there yet", { folder: null, file: null, schema: null }, []],
    ["an older schema", { knownSchema: 2 }, []],
    ["a folder that everyone may write to", folder(0o777), ["ledger.folder error"]],
    ["a folder that its group may write to", folder(0o770), ["ledger.folder error"]],
    ["a folder of somebody's", folder(0o700, 1000), ["ledger.folder error"]],
    [
      "a file that its group may write",
      { file: { path: "/d/l", mode: 0o660, uid: 0, bytes: 1 } },
      ["ledger.file error"],
    ],
    [
      "a network file system",
      { fileSystem: { of: "/d", ...fileSystemOf(0x6969) } },
      ["ledger.fileSystem error"],
    ],
    [
      "an overlay",
      { fileSystem: { of: "/", ...fileSystemOf(0x794c7630) } },
      ["ledger.fileSystem warn"],
    ],
    ["a newer schema", { schema: 2 }, ["ledger.schema error"]],
    ["a file that cannot be read", { schema: "file is not a database" }, ["ledger.schema error"]],
  ] as [string, Partial<LedgerLook>, string[]][])("%s", (_, over, wrong) => {
    const found = judgeLedger({ ...healthy, ...over }).filter(({ level }) => level !== "ok");
    expect(found.map(({ id, level }) => `${id} ${level}`)).toEqual(wrong);
    expect(found.every(({ todo }) => todo !== null)).toBe(true);
  });

  test.each([
    [0xef53, "ext4", "local"],
    [0x01021994, "tmpfs", "local"],
    [0x794c7630, "overlay", "overlay"],
    [0xff534d42 | 0, "CIFS", "network"],
    [0x12345, "0x12345", "local"],
  ] as const)("file system %d", (type, name, kind) => {
    expect(fileSystemOf(type)).toEqual({ name, kind });
  });

  const row = (phase: string, createdAtMs: number): RecordedAttachment =>
    ({
      network: "pods",
      containerId: "a",
      ifname: "eth0",
      netns: "/run/netns/a",
      phase,
      createdAtMs,
      createdUpMs: null,
    }) as RecordedAttachment;
  test.each([
    ["in force", "ready", "other", 1e6, null],
    ["in force, its namespace gone", "ready", "absent", 1e6, "is gone"],
    ["being added", "adding", "other", 5_000, null],
    [
      "being added for three minutes",
      "adding",
      "other",
      180_000,
      "recorded 180 s ago: its ADD died",
    ],
    ["being deleted for three minutes", "deleting", "absent", 180_000, "its DEL died"],
  ] as const)("a row that is %s", (_, phase, netns, ageMs, says) => {
    const found = judgeRow(row(phase, 0), netns, ageMs);
    expect(found).toMatchObject(
      says === null ? [] : [{ level: "warn", found: expect.stringContaining(says) }],
    );
  });
});
