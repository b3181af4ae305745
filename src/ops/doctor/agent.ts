/** Tells whether an agent answers, and what it says of itself. */
import { readFileSync } from "node:fs";
import { protocolVersion } from "../../agent/protocol.ts";
import type { AgentAbout } from "../agent/about.ts";
import type { AgentSeen } from "../agent/ask.ts";
import { type FellBack, readFellBack } from "../agent/fell-back.ts";
import { type AgentLook, type AgentSigns, socketPathFile } from "../agent/look.ts";
import { version } from "../version.ts";
import { judgeFellBack } from "./fall-backs.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "agent";

const start = ({ hasUnit }: AgentSigns): string =>
  hasUnit
    ? "`systemctl start fairway-agent`; `journalctl -u fairway-agent` tells how it ended"
    : "start `fairway agent` under your supervisor, whose log tells how it ended";

const restart = ({ hasUnit }: AgentSigns): string =>
  hasUnit
    ? "`systemctl restart fairway-agent`; no verb waits for it"
    : "end it and start the installed one; no verb waits for it";

const slower = "each verb is a process of its own, as without one";

/** The state of a process in the kernel's words, such as "T (stopped)". */
function stateOf(pid: number): string {
  try {
    return /^State:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "unknown";
  } catch {
    return "gone";
  }
}

type Seen<State> = Extract<AgentSeen, { state: State }>;

function judgeHung(
  socket: string,
  { pid, withinMs }: Seen<"hung">,
  signs: AgentSigns,
  stateNow: (pid: number) => string,
): Finding {
  const who = pid === null ? "it" : `process ${pid}, now ${stateNow(pid)},`;
  return error(
    id,
    `${socket}: ${who} takes connections and gave no answer within ${withinMs / 1000} s; each verb waits 200 ms for it, and what it has begun waits longer`,
    signs.hasUnit
      ? "`systemctl restart fairway-agent`; docs/agent.md says what it may hang in"
      : `kill -KILL what has the socket (fuser ${socket}), and start it again; no verb depends on it`,
  );
}

function judgeNone(socket: string, signs: AgentSigns): Finding[] {
  const { hasUnit, hasLauncher, wasHere } = signs;
  if (hasUnit || wasHere) return [warn(id, `none listens on ${socket}: ${slower}`, start(signs))];
  // Whoever set up no agent is told that there is one to be had, and not that anything is wrong.
  return hasLauncher ? [ok(id, `a launcher is installed, and no agent was set up: ${slower}`)] : [];
}

function judgeVersion({ version: its, protocol }: AgentAbout, signs: AgentSigns): Finding {
  const own = `this executable is ${version}, protocol ${protocolVersion}`;
  const found = `the agent is ${its}, protocol ${protocol}; ${own}`;
  if (String(protocol) !== protocolVersion)
    return warn(
      "agent.version",
      `${found}: it takes no verb of this one's launcher`,
      restart(signs),
    );
  return its === version
    ? ok("agent.version", found)
    : warn("agent.version", `${found}: it is not the one that is installed`, restart(signs));
}

function judgeVerbs({ served, failed, declined, waiting, lastDeclined }: AgentAbout): Finding {
  const last = lastDeclined === null ? "" : `; the last because: ${lastDeclined}`;
  return ok(
    "agent.verbs",
    `${served} served, ${failed} failed, ${declined} declined, ${waiting} waiting${last}`,
  );
}

function spanWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

function judgeSeen(
  { socket, seen, signs }: AgentLook,
  nowMs: number,
  stateNow: (pid: number) => string,
): Finding[] {
  if (socket === null)
    return [
      warn(
        id,
        `${socketPathFile} beside the launcher holds no absolute path: ${slower}`,
        "write the path of the agent's socket there as one line, or remove the file",
      ),
    ];
  switch (seen.state) {
    case "absent":
    case "stale":
      return judgeNone(socket, signs);
    case "strange":
      return [
        error(
          id,
          `${socket} is not asked: ${seen.why}. Whoever listens there is told what pods are, and answers for their network`,
          `see who made it (ls -ld, fuser ${socket}), remove it, and start the agent as root: it makes its folder with mode 0700`,
        ),
      ];
    case "hung":
      return [judgeHung(socket, seen, signs, stateNow)];
    case "unreadable":
      return [
        error(
          id,
          `${socket}: what answers is no agent's answer: ${seen.why}`,
          `see who listens (fuser ${socket}), end it, and start the agent`,
        ),
      ];
    case "answers": {
      const { pid, startedAt } = seen.about;
      const since = spanWords(nowMs - Date.parse(startedAt));
      return [
        ok(id, `answers on ${socket}: process ${pid}, since ${startedAt} (${since})`),
        judgeVersion(seen.about, signs),
        judgeVerbs(seen.about),
      ];
    }
  }
}

export function judgeAgent(
  look: AgentLook,
  fellBack: FellBack,
  nowMs: number,
  stateNow: (pid: number) => string = stateOf,
): Finding[] {
  const { hasUnit, wasHere } = look.signs;
  return [...judgeSeen(look, nowMs, stateNow), ...judgeFellBack(fellBack, hasUnit || wasHere)];
}

export function agent({ dataDir, agent: look }: Patient): Finding[] {
  const nowMs = Date.now();
  return attempt(id, () => judgeAgent(look, readFellBack(dataDir, nowMs), nowMs));
}
