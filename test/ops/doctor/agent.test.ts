/** What is told of an agent, of one that is not there, and of verbs that fell back. */
import { expect, test } from "bun:test";
import type { AgentSeen } from "../../../src/ops/agent/ask.ts";
import type { FellBackCounts } from "../../../src/ops/agent/fell-back.ts";
import type { AgentSigns } from "../../../src/ops/agent/look.ts";
import { judgeAgent } from "../../../src/ops/doctor/agent.ts";
import { version } from "../../../src/ops/version.ts";

const socket = "/run/fairway/agent.sock";
const nowMs = Date.parse("2026-11-29T14:00:00.000Z");

const none: AgentSigns = { hasUnit: false, hasLauncher: false, wasHere: false };
const unit: AgentSigns = { ...none, hasUnit: true };
const here: AgentSigns = { ...none, hasLauncher: true, wasHere: true };

const about = {
  version,
  protocol: 1,
  pid: 7,
  startedAt: "2026-11-29T11:57:00.000Z",
  served: 3,
  failed: 1,
  declined: 0,
  waiting: 0,
  lastDeclined: null,
};

interface Case {
  seen: AgentSeen;
  signs?: AgentSigns;
  at?: string | null;
  lastHour?: FellBackCounts;
  lastDay?: FellBackCounts;
  knownSinceMs?: number | null;
}

/** "id level: found -> todo" */
function told({ seen, signs = unit, at = socket, ...fell }: Case): string[] {
  const { lastHour = {}, lastDay = lastHour, knownSinceMs = null } = fell;
  const look = { socket: at, signs, seen };
  const found = judgeAgent(look, { lastHour, lastDay, knownSinceMs }, nowMs, () => "T (stopped)");
  return found.map(
    ({ id, level, found: what, todo }) =>
      `${id} ${level}: ${what}${todo === null ? "" : ` -> ${todo}`}`,
  );
}

const answers: AgentSeen = { state: "answers", about };

test("one that answers", () => {
  expect(told({ seen: answers })).toEqual([
    `agent ok: answers on ${socket}: process 7, since 2026-11-29T11:57:00.000Z (2 h 3 min)`,
    `agent.version ok: the agent is ${version}, protocol 1; this executable is ${version}, protocol 1`,
    "agent.verbs ok: 3 served, 1 failed, 0 declined, 0 waiting",
  ]);
  const declined = { ...about, declined: 4, lastDeclined: "no room" };
  expect(told({ seen: { state: "answers", about: declined } })[2]).toBe(
    "agent.verbs ok: 3 served, 1 failed, 4 declined, 0 waiting; the last because: no room",
  );
});

test.each([
  [
    "of the executable",
    { version: "0.0.9" },
    /^agent.version warn: the agent is 0\.0\.9, .* is not the one that is installed -> .*restart/,
  ],
  [
    "of the protocol",
    { protocol: 2 },
    /^agent.version warn: .*protocol 2; .* takes no verb .* -> .*restart/,
  ],
])("another version %s", (_, other, expected) => {
  const lines = told({ seen: { state: "answers", about: { ...about, ...other } } });
  expect(lines[1]).toMatch(expected);
});

test.each<[string, Case, RegExp | null]>([
  ["no sign of one", { seen: { state: "absent" }, signs: none }, null],
  [
    "a launcher alone",
    { seen: { state: "absent" }, signs: { ...none, hasLauncher: true } },
    /^agent ok: a launcher is installed, and no agent was set up/,
  ],
  ["a unit", { seen: { state: "absent" } }, /^agent warn: none listens .* -> `systemctl start/],
  [
    "it was here since the boot",
    { seen: { state: "absent" }, signs: here },
    /^agent warn: none listens .* -> start `fairway agent` under your supervisor/,
  ],
  [
    "its socket was left",
    { seen: { state: "stale" }, signs: here },
    /^agent warn: none listens on \/run\/fairway\/agent\.sock: each verb is a process of its own/,
  ],
  [
    "it hangs",
    { seen: { state: "hung", pid: 7, withinMs: 2_000 } },
    /^agent error: .* process 7, now T \(stopped\), takes connections and gave no answer within 2 s.* -> `systemctl restart/,
  ],
  [
    "it hangs, and nobody knows who it is",
    { seen: { state: "hung", pid: null, withinMs: 2_000 }, signs: here },
    /^agent error: \/run\/fairway\/agent\.sock: it takes .* -> kill -KILL .*fuser/,
  ],
  [
    "rubbish",
    { seen: { state: "unreadable", why: '"hello"' } },
    /^agent error: .*no agent's answer: "hello" -> .*fuser/,
  ],
  [
    "another user's",
    { seen: { state: "strange", why: "it belongs to uid 7" } },
    /^agent error: .*is not asked: it belongs to uid 7.* -> .*ls -ld/,
  ],
  [
    "no path",
    { seen: { state: "absent" }, at: null },
    /^agent warn: agent\.socket-path beside the launcher holds no absolute path.* -> write/,
  ],
])("%s", (_, given, expected) => {
  const lines = told(given);
  expect(lines.length).toBe(expected === null ? 0 : 1);
  if (expected !== null) expect(lines[0]).toMatch(expected);
});

const fallBacks = (given: Case): string[] =>
  told(given).filter((line) => line.startsWith("agent.fallBacks"));

test("a few verbs that fell back belong to a node at work", () => {
  expect(
    fallBacks({ seen: answers, lastHour: { declined: 9 }, lastDay: { declined: 40, timeout: 1 } }),
  ).toEqual([
    "agent.fallBacks ok: verbs that became processes of their own: the last hour declined 9; the last day declined 40, timeout 1",
  ]);
  expect(fallBacks({ seen: answers })).toEqual([]);
});

test("many of one reason: what each means", () => {
  const [line] = fallBacks({ seen: answers, lastHour: { timeout: 10, broken: 11, declined: 3 } });
  expect(line).toMatch(/^agent\.fallBacks warn: .*broken 11, timeout 10, declined 3/);
  expect(line).toMatch(/ -> timeout: .*; broken: /);
  expect(line).not.toContain("declined:");
});

test("where some may have been left out, that is told", () => {
  const knownSinceMs = nowMs - 60_000;
  expect(fallBacks({ seen: answers, lastHour: { declined: 1 }, knownSinceMs })[0]).toContain(
    "as far as is known: since 2026-11-29T13:59:00.000Z",
  );
});

test("that there is no agent is nothing to tell where nobody set one up", () => {
  const seen: AgentSeen = { state: "absent" };
  const lastHour = { "no-agent": 500 };
  expect(told({ seen, signs: none, lastHour })).toEqual([]);
  expect(fallBacks({ seen, signs: unit, lastHour })[0]).toContain("warn");
  expect(fallBacks({ seen, signs: none, lastHour: { ...lastHour, launcher: 1 } })).toEqual([
    "agent.fallBacks ok: verbs that became processes of their own: the last hour launcher 1; the last day launcher 1",
  ]);
});
