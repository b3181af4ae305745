/** The bytes of the agent's answers. Pure. */
import type { PageAnswer } from "../ui/page.ts";
import { limits, type Refusal } from "./protocol.ts";

/** What a verb came to. */
export interface VerbEnded {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const reasons = {
  200: "OK",
  303: "See Other",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  411: "Length Required",
  413: "Content Too Large",
  421: "Misdirected Request",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
} as const;

type Status = keyof typeof reasons;

const encoder = new TextEncoder();

function answer(status: Status, headers: Record<string, string | number>, body: Uint8Array) {
  const lines = Object.entries({
    ...headers,
    "Content-Length": body.length,
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = encoder.encode(`HTTP/1.1 ${status} ${reasons[status]}\r\n${lines.join("")}\r\n`);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

/** It tells that the verb waits for its turn. Nothing of it has begun, and it may still be declined. */
export const queued: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** It tells that the verb will be run here. It is sent before the verb has any effect. */
export const accepted: Uint8Array = encoder.encode("HTTP/1.1 102 Processing\r\n\r\n");

const longestHeader = 1_000;

/** A header is one line of ASCII. */
const headerText = (text: string): string =>
  text.replaceAll(/[^ -~]+/g, " ").slice(0, longestHeader);

/** It tells that the verb has to be run by a process of its own: nothing of it was done. */
export const declined = (why: string): Uint8Array =>
  answer(503, { "Fairway-Declined": headerText(why) }, encoder.encode(`${why}\n`));

export const plain = (status: 200 | 503, text: string): Uint8Array =>
  answer(status, { "Content-Type": "text/plain; charset=utf-8" }, encoder.encode(`${text}\n`));

export const page = (contentType: string, text: string): Uint8Array =>
  answer(200, { "Content-Type": contentType }, encoder.encode(text));

export const ofPage = ({ status, headers, body }: PageAnswer): Uint8Array =>
  answer(status, headers, encoder.encode(body));

export const json = (value: unknown): Uint8Array =>
  answer(
    200,
    { "Content-Type": "application/json" },
    encoder.encode(`${JSON.stringify(value, null, 2)}\n`),
  );

export const refusedWith = ({ status, reason }: Refusal | { status: 403; reason: string }) =>
  answer(status, { "Content-Type": "text/plain; charset=utf-8" }, encoder.encode(`${reason}\n`));

const cutNote = encoder.encode("fairway: the rest of the log is left out, since it is too long\n");

/** The lines of the log that fit. Only a log at level debug comes near the limit. */
function fitting(lines: Uint8Array, room: number): Uint8Array {
  if (lines.length <= room) return lines;
  const end = lines.lastIndexOf("\n".charCodeAt(0), room - cutNote.length - 1) + 1;
  const cut = new Uint8Array(end + cutNote.length);
  cut.set(lines.subarray(0, end));
  cut.set(cutNote, end);
  return cut;
}

export function ended({ exitCode, stdout, stderr }: VerbEnded): Uint8Array {
  const told = encoder.encode(stdout);
  const log = fitting(encoder.encode(stderr), limits.answerBytes - told.length);
  const body = new Uint8Array(told.length + log.length);
  body.set(told);
  body.set(log, told.length);
  return answer(200, { "Fairway-Exit": exitCode, "Fairway-Stdout": told.length }, body);
}
