/** THIRD-PARTY-NOTICES.txt names what is really in the executables and in the launcher. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { noticesText } from "../../scripts/notices.ts";

const root = join(import.meta.dir, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const notices = read("THIRD-PARTY-NOTICES.txt");

test("it is as scripts/notices.ts writes it today", async () => {
  expect(notices).toBe(await noticesText());
});

/** What MIT, BSD and Apache begin their conditions with. */
const licence =
  /Permission is hereby granted|Redistribution and use in source|TERMS AND CONDITIONS FOR USE/;

/** By another way than the script's: what the lock file has, for what the package names. */
test("each package that this one depends on is named with its version, and its licence follows", () => {
  const { dependencies } = JSON.parse(read("package.json")) as {
    dependencies: Record<string, string>;
  };
  for (const [name, version] of Object.entries(dependencies)) {
    const [, after = ""] = notices.split(`\n${name} ${version} (`);
    expect(after.slice(0, after.indexOf("-".repeat(80)))).toMatch(licence);
  }
});

const parts = [
  ["the runtime", /^Bun 1\.4\.5 \(MIT, with parts under other licences\)$/m],
  ["what of the runtime is under the LGPL", /JavaScriptCore \(and WebKit\), which is LGPL-2/],
  ["the library of the launcher", /^musl as a whole is licensed under the following standard MIT/m],
  ["who wrote it", /^Copyright © 2005-\d+ Rich Felker, et al\.$/m],
] as const;

test.each(parts)("it has %s", (_, text) => {
  expect(notices).toMatch(text);
});
