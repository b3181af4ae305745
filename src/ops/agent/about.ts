/** What an agent says of itself on its page /version. */
import { isObject } from "../../config/section.ts";

export interface AgentAbout {
  version: string;
  protocol: number;
  pid: number;
  /** As of ISO 8601. */
  startedAt: string;
  served: number;
  failed: number;
  declined: number;
  waiting: number;
  /** Why a verb was declined last; null means that none was. */
  lastDeclined: string | null;
}

const longestShown = 300;

/** Whoever answers may be no agent of ours, and an operator's terminal is to show it. */
export const printable = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, longestShown);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value);

function aboutOf(json: unknown): AgentAbout | null {
  if (!isObject(json) || !isObject(json.verbs)) return null;
  const { version, protocol, pid, startedAt } = json;
  const { served, failed, declined, waiting, lastDeclined = null } = json.verbs;
  if (typeof version !== "string" || typeof startedAt !== "string") return null;
  if (Number.isNaN(Date.parse(startedAt))) return null;
  if (!isCount(protocol) || !isCount(pid)) return null;
  if (!isCount(served) || !isCount(failed) || !isCount(declined) || !isCount(waiting)) return null;
  if (lastDeclined !== null && typeof lastDeclined !== "string") return null;
  return {
    version: printable(version),
    protocol,
    pid,
    startedAt: new Date(startedAt).toISOString(),
    served,
    failed,
    declined,
    waiting,
    lastDeclined: lastDeclined === null ? null : printable(lastDeclined),
  };
}

/** An answer's parts. A status of null means that it is none of HTTP. */
export function answerIn(text: string): { status: number | null; body: string } {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
  return { status: status === undefined ? null : Number(status), body: rest.join("\r\n\r\n") };
}

/** The whole of an answer. null means that no agent has given it. */
export function aboutIn(answer: string): AgentAbout | null {
  const { status, body } = answerIn(answer);
  if (status !== 200) return null;
  try {
    return aboutOf(JSON.parse(body));
  } catch {
    return null;
  }
}
