/** Tells which verbs the launcher did not get served by the agent, and why. */
import type { FellBackReason } from "../../cni/fell-back.ts";
import { countWords, type FellBack, type FellBackCounts, totalOf } from "../agent/fell-back.ts";
import { socketPathFile } from "../agent/look.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** So many of one reason within an hour are worth a look. Single ones belong to a node at work. */
const many = 10;

const remedies: Readonly<Record<FellBackReason, string>> = {
  "no-agent": "no-agent: it was ended, or restarted again and again; its log tells why",
  declined:
    "declined: `agent.verbs` has the last reason, and docs/agent-reference.md (What is declined) what each means",
  version: "version: launcher and agent are of two versions: restart the agent",
  timeout:
    "timeout: it was stopped, or at work on one verb for more than 200 ms: see its log, and what the node's processors do",
  broken: "broken: it ended in the middle, or what answered is no agent; its log tells of a defect",
  "too-large":
    "too-large: the configuration has more than 1 MiB, or the runtime's CNI_* and FAIRWAY_* variables more than 64 KiB",
  launcher: `launcher: ${socketPathFile} holds no absolute path, or the runtime closes stdin, stdout or stderr`,
};

const without = ({ "no-agent": _, ...rest }: FellBackCounts): FellBackCounts => rest;

/** `isExpected` says that there should be an agent. */
export function judgeFellBack(
  { lastHour, lastDay, knownSinceMs }: FellBack,
  isExpected: boolean,
): Finding[] {
  const [hour, day] = [lastHour, lastDay].map((each) => (isExpected ? each : without(each)));
  if (hour === undefined || day === undefined || totalOf(day) === 0) return [];
  const counts = `the last hour ${countWords(hour) || "none"}; the last day ${countWords(day)}`;
  const since =
    knownSinceMs === null
      ? ""
      : `, as far as is known: since ${new Date(knownSinceMs).toISOString()}`;
  const found = `verbs that became processes of their own: ${counts}${since}`;
  const often = Object.entries(remedies).filter(
    ([reason]) => (hour[reason as FellBackReason] ?? 0) >= many,
  );
  return often.length === 0
    ? [ok("agent.fallBacks", found)]
    : [warn("agent.fallBacks", found, often.map(([, todo]) => todo).join("; "))];
}
