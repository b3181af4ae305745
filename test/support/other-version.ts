/** Fairway as it is, but of another version: what an upgrade puts in its place. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/prove/lab/run.ts";
import { repository } from "./binary.ts";

export const otherVersion = "99.0.0";

/** Builds it in an own tree below `folder`. Returns the executable, which has a launcher of its own beside it. */
export function buildOtherVersion(folder: string): string {
  const tree = join(folder, "tree");
  mkdirSync(tree);
  const files = ["THIRD-PARTY-NOTICES.txt", "tsconfig.json", "package-lock.json"];
  for (const part of ["bin", "conf", "scripts", "src", ...files])
    cpSync(join(repository, part), join(tree, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(tree, "node_modules"));
  const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as object;
  writeFileSync(join(tree, "package.json"), JSON.stringify({ ...manifest, version: otherVersion }));
  const { code, stderr } = run(["bash", join(tree, "scripts/build")], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`the other version cannot be built: ${stderr}`);
  // A launcher says no version: another file will do. Nothing reads this byte of an ELF header.
  const name = `fairway-launcher-${process.arch}`;
  const launcher = readFileSync(join(repository, "dist", name));
  launcher[15] = 1;
  writeFileSync(join(tree, "dist", name), launcher, { mode: 0o755 });
  return join(tree, "dist/fairway");
}
