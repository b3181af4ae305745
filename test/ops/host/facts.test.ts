import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { misfitHere, requireRunsHere } from "../../../src/ops/host/facts.ts";
import { binary } from "../../support/binary.ts";

/** A host's root with these files, each of them empty or a link. */
function withRoot(files: Record<string, string | null>, use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "fairway-root-"));
  try {
    for (const [path, target] of Object.entries(files)) {
      const inside = join(root, path);
      mkdirSync(dirname(inside), { recursive: true });
      if (target === null) writeFileSync(inside, "");
      else symlinkSync(target, inside);
    }
    use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const glibc = "/lib64/ld-linux-x86-64.so.2";
const musl = "/lib/ld-musl-x86_64.so.1";

test("the built executable runs on this machine", () => {
  expect(misfitHere(binary)).toBeNull();
  expect(() => requireRunsHere(binary)).not.toThrow();
});

const roots: [string, Record<string, string | null>, string | null][] = [
  ["with glibc's loader", { [glibc]: null }, null],
  ["where the loader is a link to what only that root has", { [glibc]: "/nix/store/ld.so" }, null],
  ["with musl's loader", { [musl]: null }, "take the build fairway-x64-musl: run its `install`"],
  ["without a loader", {}, "neither glibc"],
];

test.each(roots)("on a root %s", (_, files, todo) =>
  withRoot(files, (root) => {
    const misfit = misfitHere(binary, root);
    if (todo === null) expect(misfit).toBeNull();
    else expect(misfit?.todo).toContain(todo);
  }),
);

test("what cannot run is refused with what to do", () => {
  const script = join(import.meta.dir, "facts.test.ts");
  expect(() => requireRunsHere(script)).toThrow(
    expect.objectContaining({
      kind: "unavailable",
      message: `this node cannot run ${script}: it is no executable of Linux for 64 bits`,
      details: "nothing was placed; take the build fairway: run its `install`",
    }),
  );
});
