/** Of what comes from an agent's socket only what an agent says is taken. */
import { expect, test } from "bun:test";
import { aboutIn } from "../../../src/ops/agent/about.ts";

const said = {
  version: "0.1.0",
  protocol: 1,
  pid: 7,
  startedAt: "2026-11-29T14:00:00.000Z",
  verbs: { served: 3, failed: 1, declined: 2, abandoned: 0, waiting: 0, lastDeclined: "no room" },
};

const answer = (json: unknown, status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(json)}\n`;

test("what an agent says, and what a newer one says more", () => {
  expect(aboutIn(answer({ ...said, build: "x", verbs: { ...said.verbs, more: 1 } }))).toEqual({
    version: "0.1.0",
    protocol: 1,
    pid: 7,
    startedAt: "2026-11-29T14:00:00.000Z",
    served: 3,
    failed: 1,
    declined: 2,
    waiting: 0,
    lastDeclined: "no room",
  });
});

test("an operator's terminal gets no control characters, and no more than a line", () => {
  const verbs = { ...said.verbs, lastDeclined: `a\u001b[2Jb\n${"c".repeat(1_000)}` };
  const { lastDeclined = "" } = aboutIn(answer({ ...said, verbs })) ?? {};
  expect(lastDeclined).toMatch(/^a \[2Jb c+$/);
  expect(lastDeclined?.length).toBe(300);
});

test.each([
  ["nothing", ""],
  ["no HTTP", "hello\r\n\r\n{}"],
  ["another status", answer(said, "404 Not Found")],
  ["no JSON", "HTTP/1.1 200 OK\r\n\r\nok\n"],
  ["a half", answer(said).slice(0, -20)],
  ["a list", answer([])],
  ["no counts", answer({ ...said, verbs: {} })],
  ["a count that is none", answer({ ...said, verbs: { ...said.verbs, served: "3" } })],
  ["a time that is none", answer({ ...said, startedAt: "yesterday" })],
  ["no version", answer({ ...said, version: 1 })],
  ["a reason that is none", answer({ ...said, verbs: { ...said.verbs, lastDeclined: 1 } })],
])("%s is no agent's answer", (_, text) => {
  expect(aboutIn(text)).toBeNull();
});
