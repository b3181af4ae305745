import { expect, test } from "bun:test";
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
