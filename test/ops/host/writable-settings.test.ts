import { expect, test } from "bun:test";
import { join } from "node:path";
import { runChild } from "../../../src/ops/child.ts";

const fixture = join(import.meta.dir, "fixtures/let-settings-be-written.ts");

/** As a runtime mounts it for a container that may not do everything. */
const readOnly =
  'mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys; exec "$0" "$@"';

/** A node's first process, and a container that sees it. */
const firstProcess = [
  "unshare",
  "--mount",
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
  "sh",
  "-euc",
];

function saidIn(...enter: string[]): unknown {
  const [program = "", ...args] = [...enter, process.execPath, fixture];
  const ended = runChild([...firstProcess, '"$0" "$@"; exit', program, ...args], {
    timeoutMs: 30_000,
  });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(ended.stdout);
}

const container = ["unshare", "--mount", "sh", "-euc", readOnly];

test("in a container settings can be written afterwards", () => {
  expect(saidIn(...container)).toEqual({ said: null, mode: "rw" });
});

test("without the right to, it says why", () => {
  expect(saidIn(...container, "setpriv", "--bounding-set=-sys_admin,-setpcap")).toEqual({
    said: expect.stringContaining("cannot be remounted (Operation not permitted)"),
    mode: "ro",
  });
});

test("what the node has mounted itself is left alone", () => {
  expect(saidIn("sh", "-euc", readOnly)).toEqual({ said: null, mode: "ro" });
});
