import { expect, test } from "bun:test";
import * as answers from "../../src/agent/answers.ts";
import { limits } from "../../src/agent/protocol.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("a verb's end tells its exit code, and where stdout ends", () => {
  expect(text(answers.ended({ exitCode: 1, stdout: "{ü}\n", stderr: "line\n" }))).toBe(
    "HTTP/1.1 200 OK\r\nFairway-Exit: 1\r\nFairway-Stdout: 5\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{ü}\nline\n",
  );
});

test("acceptance is no answer yet", () => {
  expect(text(answers.accepted)).toBe("HTTP/1.1 102 Processing\r\n\r\n");
});

test("a reason is one line of ASCII in the header, and whole in the body", () => {
  const [head = "", body] = text(answers.declined("busy\r\nX: 1\tü\0")).split("\r\n\r\n");
  expect(head.split("\r\n").slice(0, 2)).toEqual([
    "HTTP/1.1 503 Service Unavailable",
    "Fairway-Declined: busy X: 1 ",
  ]);
  expect(body).toBe("busy\r\nX: 1\tü\0\n");
});

test("a log that is too long is cut after a line, and says so", () => {
  const line = `${"x".repeat(999)}\n`;
  const stdout = "{}\n";
  const whole = answers.ended({ exitCode: 0, stdout, stderr: line.repeat(5_000) });
  const body = whole.subarray(text(whole.subarray(0, 200)).indexOf("\r\n\r\n") + 4);
  expect(body.length).toBeLessThanOrEqual(limits.answerBytes);
  expect(body.length).toBeGreaterThan(limits.answerBytes - 2_000);
  const lines = text(body).slice(stdout.length).split("\n");
  expect(lines.slice(-2)).toEqual([
    "fairway: the rest of the log is left out, since it is too long",
    "",
  ]);
  expect(new Set(lines.slice(0, -2).map(({ length }) => length))).toEqual(new Set([999]));
});

test("a refusal says why", () => {
  expect(text(answers.refusedWith({ status: 426, reason: "no" }))).toMatch(
    /^HTTP\/1\.1 426 Upgrade Required\r\n.*\r\n\r\nno\n$/s,
  );
});
