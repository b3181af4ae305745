/** The rules of biome.json, each broken in a copy of the repository and seen to refuse it. */
import { expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import biome from "../../biome.json";
import { overrides, rooms } from "../../scripts/rooms.ts";
import { repository } from "../support/binary.ts";

interface Diagnostic {
  category: string;
  message: string;
  location: { path: string };
}

/** All that is said of these files, in place of those that are there. */
function linted(files: Readonly<Record<string, string>>): Diagnostic[] {
  const copy = mkdtempSync(join(tmpdir(), "fairway-lint-"));
  try {
    for (const name of ["biome.json", "conf", "src"])
      cpSync(join(repository, name), join(copy, name), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
    const { stdout } = Bun.spawnSync(
      [
        "node_modules/.bin/biome",
        "lint",
        "--reporter=json",
        "--max-diagnostics=none",
        ...Object.keys(files),
      ],
      { cwd: copy, stderr: "ignore" },
    );
    return (JSON.parse(stdout.toString()) as { diagnostics: Diagnostic[] }).diagnostics;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const imports = (path: string): string => `import { x } from "${path}";\nexport const y = x;\n`;

type Broken = [file: string, text: string, said: RegExp];

const broken: Broken[] = [
  ["src/plan/a.ts", imports("../node/verbs/sweep.ts"), /src\/plan may import/],
  ["src/plan/b.ts", imports("../errors.ts"), /src\/plan may import/],
  ["src/plan/c.ts", imports("node:fs"), /src\/plan may import/],
  ["src/plan/d.ts", "export const y = Math.random();\n", /no chance in them/],
  ["src/plan/e.ts", "export const y = setInterval(() => {}, 1);\n", /global variable setInterval/],
  ["src/measure/f.ts", "export const y = new Date();\n", /global variable Date/],
  ["src/promise/g.ts", "export const y = performance.now();\n", /global variable performance/],
  ["src/promise/h.ts", 'export const y = () => import("./ask.ts");\n', /import at the top/],
  ["src/promise/i.ts", "export const y = process.env;\n", /global variable process/],
  ["src/promise/j.ts", imports("../kernel/look.ts"), /src\/promise may import/],
  ["src/config/k.ts", imports("../promise/ask.ts"), /src\/config may import/],
  ["src/config/l.ts", imports("node:fs"), /src\/config may import/],
  ["src/kernel/m.ts", imports("../node/verbs/sweep.ts"), /src\/kernel may import/],
  ["src/kernel/read/n.ts", imports("../../ledger/ledger.ts"), /src\/kernel may import/],
  ["src/ledger/o.ts", imports("../kernel/look.ts"), /src\/ledger may import/],
  ["src/node/p.ts", imports("../ops/main.ts"), /src\/node may import/],
  ["src/node/q.ts", imports("commander"), /src\/node may import/],
  ["src/cni/r.ts", imports("../ledger/ledger.ts"), /src\/cni may import/],
  ["src/cni/z.ts", imports("../kernel/apply.ts"), /src\/cni may import/],
  ["src/cni/entries/s.ts", imports("../../ops/main.ts"), /src\/cni may import/],
  ["src/ops/t.ts", imports("../prove/program.ts"), /src\/ops may import/],
  ["src/ops/doctor/u.ts", imports("../../prove/program.ts"), /src\/ops may import/],
  ["src/agent/a.ts", imports("../ops/main.ts"), /src\/agent may import/],
  ["src/agent/b.ts", imports("commander"), /src\/agent may import/],
  ["src/node/c.ts", imports("../agent/server.ts"), /src\/node may import/],
  ["src/cni/d.ts", imports("../agent/server.ts"), /src\/cni may import/],
  ["src/cri/v.ts", imports("../plan/ip.ts"), /src\/cri may import/],
  ["src/prove/report/html/w.ts", imports("../../../node/sweep.ts"), /src\/prove may import/],
  ["src/node/x.ts", 'export { z } from "./y.ts";\nexport const w = 1;\n', /part of a cycle/],
  ["src/node/y.ts", 'export { w } from "./x.ts";\nexport const z = 1;\n', /part of a cycle/],
];

test("each of them is refused, with its words", () => {
  const said = linted(Object.fromEntries(broken.map(([file, text]) => [file, text])));
  const found = broken.map(([file, , wanted]) => {
    const own = said.filter(({ location }) => location.path === file);
    return [file, own.some(({ message }) => wanted.test(message))];
  });
  expect(found).toEqual(broken.map(([file]) => [file, true]));
});

test("what is on the list is let in", () => {
  const fine = linted({
    "src/kernel/read/a.ts": imports("../../plan/ip.ts"),
    "src/prove/report/html/b.ts": imports("../../../config/quantities.ts"),
    "src/node/c.ts": imports("node:timers/promises"),
  });
  expect(fine).toEqual([]);
});

test("every folder of src is on the list, at its depth", () => {
  const folders = [...new Bun.Glob("src/*/**/*.ts").scanSync(repository)];
  for (const path of folders) {
    const [, name = "", ...rest] = path.split("/");
    const room = rooms[name];
    expect({ path, listed: room !== undefined && rest.length - 1 <= room.depth }).toEqual({
      path,
      listed: true,
    });
  }
});

test("biome.json is what the list says", () => {
  expect(biome.overrides as unknown).toEqual(overrides());
});
