import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TarEntry, tarOf } from "../../scripts/image/tar.ts";
import { runChild } from "../../src/ops/child.ts";

const entries: TarEntry[] = [
  { kind: "file", path: "usr/bin/cat", mode: 0o755, content: Buffer.from("program") },
  { kind: "file", path: "etc/empty", mode: 0o600, content: Buffer.alloc(0) },
  { kind: "file", path: "etc/block", mode: 0o644, content: Buffer.alloc(512, "x") },
  { kind: "folder", path: "tmp", mode: 0o1777 },
  { kind: "link", path: "bin", target: "usr/bin" },
];

test("tar reads it as it is meant", () => {
  const folder = mkdtempSync(join(tmpdir(), "fairway-tar-"));
  try {
    const file = join(folder, "a.tar");
    writeFileSync(file, tarOf(entries, 1_000_000_000));
    const { stdout, stderr } = runChild(
      ["tar", "--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "-f", file],
      { timeoutMs: 10_000 },
    );
    expect(stderr).toBe("");
    expect(stdout.replaceAll(/ +/g, " ").trim().split("\n")).toEqual([
      "lrwxrwxrwx 0/0 0 2001-09-09 01:46:40 bin -> usr/bin",
      "drwxr-xr-x 0/0 0 2001-09-09 01:46:40 etc/",
      "-rw-r--r-- 0/0 512 2001-09-09 01:46:40 etc/block",
      "-rw------- 0/0 0 2001-09-09 01:46:40 etc/empty",
      "drwxrwxrwt 0/0 0 2001-09-09 01:46:40 tmp/",
      "drwxr-xr-x 0/0 0 2001-09-09 01:46:40 usr/",
      "drwxr-xr-x 0/0 0 2001-09-09 01:46:40 usr/bin/",
      "-rwxr-xr-x 0/0 7 2001-09-09 01:46:40 usr/bin/cat",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the order in which entries are given does not matter", () => {
  expect(tarOf(entries.toReversed(), 1).equals(tarOf(entries, 1))).toBe(true);
  expect(tarOf(entries, 2).equals(tarOf(entries, 1))).toBe(false);
});

test("a path that is there twice, or too long, is refused", () => {
  const [first] = entries;
  expect(() => tarOf(first === undefined ? [] : [first, first], 1)).toThrow("twice");
  expect(() => tarOf([{ kind: "folder", path: "x".repeat(120), mode: 0 }], 1)).toThrow("100 bytes");
});
