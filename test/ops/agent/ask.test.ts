/** Whatever lies at an agent's socket, asking it comes to an end, and to what it is. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeAgent } from "../../../src/ops/agent/ask.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (): string => join(folder, "agent.sock");

/** Somebody who listens there, and does this with each who connects. */
async function listening(answer: (socket: Socket) => void): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(path(), resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const about = {
  version: "9.9.9",
  protocol: 2,
  pid: 7,
  startedAt: "2026-11-29T14:00:00.000Z",
  verbs: { served: 0, failed: 0, declined: 0, abandoned: 0, waiting: 0, lastDeclined: null },
};
const whole = `HTTP/1.1 200 OK\r\n\r\n${JSON.stringify(about)}`;

test("nothing is there", async () => {
  expect(await seeAgent(path())).toEqual({ state: "absent" });
  expect(await seeAgent(join(folder, "no", "agent.sock"))).toEqual({ state: "absent" });
});

test("an agent that answers, however its answer is cut", async () => {
  await using _ = await listening(async (socket) => {
    for (const character of whole) {
      socket.write(character);
      await Bun.sleep(0);
    }
    socket.end();
  });
  expect(await seeAgent(path(), 60_000)).toMatchObject({
    state: "answers",
    about: { version: "9.9.9", protocol: 2 },
  });
});

test.each([
  ["says nothing", () => {}],
  ["says the half", (socket: Socket) => void socket.write(whole.slice(0, 40))],
  ["does not come to an end", (socket: Socket) => void socket.write(whole)],
])("one who %s is not waited for", async (_, answer) => {
  await using _server = await listening(answer);
  expect(await seeAgent(path(), 100)).toEqual({
    state: "hung",
    pid: process.pid,
    withinMs: 100,
  });
});

test.each([
  ["rubbish", "hello\u001b[31m\n", '"hello [31m "'],
  ["nothing at all", "", "it ended without a byte"],
  ["more than an agent says", "x".repeat(1 << 20), "it has more than 65536 bytes"],
])("one who says %s is no agent", async (_, text, why) => {
  await using _server = await listening((socket) => void socket.end(text));
  expect(await seeAgent(path(), 60_000)).toEqual({ state: "unreadable", why });
});

/** In a process of its own, which ends: what it listened on stays. */
function left(script: string): void {
  const done = Bun.spawnSync(["python3", "-c", script, path()]);
  expect(done.stderr.toString()).toBe("");
}

test("a socket that was left by one who died", async () => {
  left("import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])");
  expect(await seeAgent(path())).toEqual({ state: "stale" });
});

test("a queue of connections that nobody takes is full", async () => {
  const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)
waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
for each in waiting:
  each.setblocking(False)
  try: each.connect(sys.argv[1])
  except BlockingIOError: pass
print("full", flush=True)
sys.stdin.read()`;
  const child = Bun.spawn(["python3", "-c", script, path()], { stdin: "pipe", stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(await seeAgent(path())).toMatchObject({ state: "hung", pid: null });
  child.stdin.end();
  await child.exited;
});

test("what lies there is no socket", async () => {
  writeFileSync(path(), "");
  expect(await seeAgent(path())).toEqual({ state: "strange", why: "it is no socket" });
  rmSync(path());
  symlinkSync("elsewhere", path());
  expect(await seeAgent(path())).toEqual({ state: "strange", why: "it is no socket" });
});

test("what others have put there, or could, is not asked", async () => {
  let asked = 0;
  await using _server = await listening((socket) => {
    asked++;
    socket.end(whole);
  });
  chownSync(path(), 1234, 0);
  expect(await seeAgent(path())).toEqual({ state: "strange", why: "it belongs to uid 1234" });
  chownSync(path(), 0, 0);
  chownSync(folder, 1234, 0);
  expect(await seeAgent(path())).toEqual({
    state: "strange",
    why: "its folder belongs to uid 1234",
  });
  chownSync(folder, 0, 0);
  chmodSync(folder, 0o1777);
  expect(await seeAgent(path())).toEqual({
    state: "strange",
    why: "others may write to its folder",
  });
  expect(asked).toBe(0);
});
