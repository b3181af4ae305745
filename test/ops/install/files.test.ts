import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  abandoned,
  applyFiles,
  type FileStep,
  missingFolders,
} from "../../../src/ops/install/files.ts";
import { dumpFiles } from "../../support/whole.ts";

let root = "";
const at = (...names: string[]): string => join(root, ...names);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text: string): FileStep => ({
  ...{ op: "write", path, mode: 0o640, content: { text } },
  words: `write ${path}`,
});

test("a file that is replaced is there at every moment, the old one or the new", async () => {
  writeFileSync(at("plugin"), "0");
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/watch.ts"), at("plugin"), at("stop")],
    { stdout: "pipe", stderr: "inherit" },
  );
  const reader = child.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("ready\n");
  for (let i = 0; i < 300; i++) applyFiles([write(at("plugin"), `${i}`)]).commit();
  writeFileSync(at("stop"), "");
  const counted = JSON.parse(new TextDecoder().decode((await reader.read()).value)) as object;
  expect(counted).toMatchObject({ missed: 0 });
  expect(readdirSync(root).sort()).toEqual(["plugin", "stop"]);
});

test("what is written has its mode, and leaves nothing beside it", () => {
  const steps: FileStep[] = [
    { op: "folder", path: at("bin"), mode: 0o700, words: "make bin" },
    write(at("bin/file"), "text"),
    { op: "link", path: at("bin/link"), target: "file", words: "link" },
  ];
  applyFiles(steps).commit();
  expect(statSync(at("bin")).mode & 0o777).toBe(0o700);
  expect(statSync(at("bin/file")).mode & 0o777).toBe(0o640);
  expect(readFileSync(at("bin/link"), "utf8")).toBe("text");
  expect(readdirSync(at("bin")).sort()).toEqual(["file", "link"]);
});

/** A step of each kind over what is there. */
const all = (): FileStep[] => [
  { op: "folder", path: at("new"), mode: 0o755, words: "make new" },
  write(at("new/file"), "x"),
  write(at("there"), "changed"),
  { op: "link", path: at("link"), target: "there", words: "link" },
  { op: "remove", path: at("old"), words: "remove old" },
  { op: "remove-folder", path: at("empty"), words: "remove empty" },
];

function prepare(): string {
  for (const name of ["there", "old"]) writeFileSync(at(name), name);
  mkdirSync(at("empty"));
  return dumpFiles(root);
}

test("what is undone is as it was", () => {
  const before = prepare();
  const applied = applyFiles(all());
  expect(readFileSync(at("there"), "utf8")).toBe("changed");
  expect(existsSync(at("old"))).toBe(false);
  applied.undo();
  expect(dumpFiles(root)).toBe(before);
});

test("a step that fails undoes those before it, and says which it was", () => {
  const before = prepare();
  const steps = [...all(), write(at("missing/folder/file"), "x")];
  expect(() => applyFiles(steps)).toThrow(/could not write .*missing\/folder\/file: ENOENT/);
  expect(dumpFiles(root)).toBe(before);
});

test("a folder that still holds something stays", () => {
  prepare();
  writeFileSync(at("empty/not"), "");
  applyFiles(all()).commit();
  expect(readdirSync(at("empty"))).toEqual(["not"]);
  expect(readdirSync(root).sort()).toEqual(["empty", "link", "new", "there"]);
});

test("what a dead run left is found, beside these files only", () => {
  for (const name of [".a.4194305.new", ".a.4194305.former", `.a.${process.pid}.new`])
    writeFileSync(at(name), "");
  for (const name of [".b.4194305.new", ".a.new", "a.4194305.new"]) writeFileSync(at(name), "");
  expect(abandoned([at("a"), at("none/a")]).sort()).toEqual(
    [at(".a.4194305.former"), at(".a.4194305.new")].sort(),
  );
});

test("missing folders are told from above", () => {
  expect(missingFolders(at("a/b/c"))).toEqual([at("a"), at("a/b"), at("a/b/c")]);
  expect(missingFolders(root)).toEqual([]);
});
