/** docs/fairway.8 is made of what --help says, and roff has nothing to say against it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { manPage, manText } from "../../scripts/man.ts";
import { runChild } from "../../src/ops/child.ts";
import { flat, treeOf } from "../../src/ops/completion/tree.ts";
import { program } from "../../src/ops/main.ts";

test("the page is what `bun scripts/man.ts` writes", () => {
  expect(readFileSync(manPage, "utf8")).toBe(manText());
});

test("every command and option is in it", () => {
  const page = manText().replaceAll("\\-", "-");
  for (const { path, options, commands } of flat(treeOf(program()))) {
    if (commands.length === 0) expect(page).toContain(`.SS "${path.join(" ")}`);
    for (const { flags } of options) expect(page).toContain(`.B ${flags}\n`);
  }
});

test("groff warns of nothing", () => {
  const argv = ["groff", "-man", "-ww", "-z", "-Tutf8", manPage];
  expect(runChild(argv, { timeoutMs: 20_000 })).toMatchObject({ code: 0, stderr: "" });
});
