/** Builds of this tree with something replaced in their source: broken ones, and a version that is to come. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface Replacement {
  file: string;
  /** Exactly once in that file. */
  old: string;
  new: string;
}

export function must(argv: string[], cwd: string): void {
  const done = Bun.spawnSync(argv, { cwd, stdout: "pipe", stderr: "pipe" });
  if (done.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${done.stderr}`);
}

/** A folder with a copy of these parts of the tree, with what is replaced in them. The caller removes it. */
export function otherSource(
  parts: readonly string[],
  replacements: readonly Replacement[],
): string {
  const folder = mkdtempSync(join(tmpdir(), "fairway-other-"));
  try {
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
    for (const { file, old, new: other } of replacements) {
      const source = readFileSync(join(folder, file), "utf8");
      if (source.split(old).length !== 2) throw new Error(`${file} has not once: ${old}`);
      writeFileSync(
        join(folder, file),
        source.replace(old, () => other),
      );
    }
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Makes an executable of a copy of the tree, in its folder. */
export function buildIn(folder: string): string {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const binary = join(folder, "fairway");
  const flags = ["--compile", "--bytecode", "--minify", "--format=esm", "--target=bun-linux-x64"];
  must([process.execPath, "build", ...flags, "bin/fairway.ts", "--outfile", binary], folder);
  return binary;
}

/** An executable of a copy of the tree, in a folder which the caller removes. */
export function otherBuild(replacements: readonly Replacement[]): {
  folder: string;
  binary: string;
} {
  const folder = otherSource(
    ["THIRD-PARTY-NOTICES.txt", "bin", "src", "package.json", "tsconfig.json"],
    replacements,
  );
  try {
    return { folder, binary: buildIn(folder) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
