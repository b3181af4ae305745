/** What a supervisor is told, on a socket like systemd's. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Supervisor } from "../../src/agent/supervisor.ts";
import { listenTo } from "../support/notify-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["a path", join(folder, "notify"), join(folder, "notify")],
  ["a name of the kernel's own", "@fairway-test-notify", "\0fairway-test-notify"],
])("at %s: ready, alive each half of the limit, and about to end", async (_, told, bound) => {
  using systemd = listenTo(bound);
  const supervisor = new Supervisor({ NOTIFY_SOCKET: told, WATCHDOG_USEC: "40000" });
  expect(systemd.heard()).toEqual([]);
  expect(supervisor.ready()).toBeNull();
  expect(systemd.heard()).toEqual(["READY=1"]);
  const alive: string[] = [];
  while (alive.length < 2) {
    await Bun.sleep(10);
    alive.push(...systemd.heard());
  }
  expect(new Set(alive)).toEqual(new Set(["WATCHDOG=1"]));
  supervisor.stopping();
  expect(systemd.heard().at(-1)).toBe("STOPPING=1");
  await Bun.sleep(50);
  expect(systemd.heard()).toEqual([]);
});

test("a watchdog for another process, or none, is not fed", async () => {
  const path = join(folder, "others");
  using systemd = listenTo(path);
  for (const env of [{ WATCHDOG_USEC: "10000", WATCHDOG_PID: "1" }, {}, { WATCHDOG_USEC: "0" }]) {
    const supervisor = new Supervisor({ NOTIFY_SOCKET: path, ...env });
    supervisor.ready();
    await Bun.sleep(30);
    supervisor.stopping();
    expect(systemd.heard()).toEqual(["READY=1", "STOPPING=1"]);
  }
});

test("without a supervisor nothing is told; one that does not listen is told of", () => {
  for (const NOTIFY_SOCKET of ["", "relative", `/${"x".repeat(200)}`])
    expect(new Supervisor({ NOTIFY_SOCKET }).ready()).toBeNull();
  const nobody = new Supervisor({ NOTIFY_SOCKET: join(folder, "nobody") });
  expect(nobody.ready()).toMatch(/NOTIFY_SOCKET takes nothing/);
});
