import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Probe, probeAgent } from "../../../src/ops/agent/probe.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (): string => join(folder, "agent.sock");

/** Somebody who gives each page this answer, and is heard of what was asked. */
function answering(status: string, body: string): { asked: string[] } & Disposable {
  const asked: string[] = [];
  const listener = Bun.listen({
    unix: path(),
    socket: {
      data: (socket, chunk) => {
        asked.push(chunk.toString().split("\r\n")[0] ?? "");
        socket.end(`HTTP/1.1 ${status}\r\n\r\n${body}`);
      },
    },
  });
  return { asked, [Symbol.dispose]: () => listener.stop(true) };
}

test.each<[Probe, string]>([
  ["ready", "GET /readyz HTTP/1.1"],
  ["healthy", "GET /healthz HTTP/1.1"],
])("%s: one who says yes", async (probe, line) => {
  using agent = answering("200 OK", "ok\n");
  await probeAgent(path(), probe);
  expect(agent.asked).toEqual([line]);
});

test("one who says no is told with why", async () => {
  using _ = answering("503 Service Unavailable", "the base is not made yet\u001b[31m\n");
  await expect(probeAgent(path(), "ready")).rejects.toThrow(
    `the agent at ${path()} is not ready: the base is not made yet [31m`,
  );
});

test("nobody is told, too", async () => {
  await expect(probeAgent(path(), "healthy")).rejects.toThrow("cannot be asked (ENOENT)");
});
