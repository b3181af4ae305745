import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FairwayError } from "../../src/errors.ts";
import { runPlugin, runTool } from "../../src/kernel/children.ts";

test("a tool that does not end is ended, and it is told which", () => {
  let thrown: unknown;
  try {
    runTool("ip", ["monitor"], "", 200);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(FairwayError);
  expect(thrown).toMatchObject({
    kind: "tryAgain",
    message: "ip monitor did not end within 0.2 s",
  });
});

test("a delegate that does not end is ended", () => {
  const ended = runPlugin("/usr/bin/yes", { stdin: "", env: {}, timeLimitMs: 200 });
  expect(ended).toMatchObject({ timedOut: true, exit: "signal SIGKILL" });
});

/** In a process of its own, since where a tool is found is remembered. */
function thrownWith(tool: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), "fairway-children-"));
  try {
    writeFileSync(join(folder, "ip"), tool);
    chmodSync(join(folder, "ip"), 0o755);
    const script = `import { runTool } from "${join(import.meta.dir, "../../src/kernel/children.ts")}";
      try { runTool("ip", ["link"]); } catch ({ kind, message }) { console.log(JSON.stringify({ kind, message })); }`;
    const done = Bun.spawnSync([process.execPath, "-e", script], { env: { PATH: folder } });
    return JSON.parse(done.stdout.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a tool that was ended by a signal may have done its work: that is an error, and is told", () => {
  expect(thrownWith("#!/bin/sh\nkill -SEGV $$\n")).toEqual({
    kind: "tryAgain",
    message: "ip link was ended by SIGSEGV",
  });
});

test("a tool that cannot be started is an error of its own", () => {
  expect(thrownWith("no program\n")).toMatchObject({
    kind: "io",
    message: expect.stringContaining("cannot start ip link: "),
  });
});
