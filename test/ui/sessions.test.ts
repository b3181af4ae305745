/** A token is valid once and for a minute; a session for half a day; neither can be guessed or piled up. */
import { expect, test } from "bun:test";
import { Sessions, sessionMs } from "../../src/ui/sessions.ts";

test("a token begins one session, and no second one", () => {
  const sessions = new Sessions();
  const token = sessions.token(0);
  const session = sessions.begin(token, 1) ?? "";
  expect(sessions.isValid(session, 2)).toBe(true);
  expect(sessions.begin(token, 2)).toBeNull();
  expect(session).not.toBe(token);
});

test.each([
  [59_999, true],
  [60_000, false],
])("a token %d ms later: %p", (laterMs, isValid) => {
  const sessions = new Sessions();
  expect(sessions.begin(sessions.token(0), laterMs) !== null).toBe(isValid);
});

test("a session ends after half a day", () => {
  const sessions = new Sessions();
  const session = sessions.begin(sessions.token(0), 0) ?? "";
  expect(sessions.isValid(session, sessionMs - 1)).toBe(true);
  expect(sessions.isValid(session, sessionMs)).toBe(false);
});

test.each(["", "x", "a".repeat(43)])("%p is neither", (text) => {
  const sessions = new Sessions();
  sessions.token(0);
  expect(sessions.begin(text, 0)).toBeNull();
  expect(sessions.isValid(text, 0)).toBe(false);
});

test("a token has 256 bits, and no two are the same", () => {
  const sessions = new Sessions();
  const tokens = Array.from({ length: 100 }, () => sessions.token(0));
  expect(new Set(tokens).size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
});

test("whoever asks for very many takes the place of the oldest", () => {
  const sessions = new Sessions();
  const [first = "", ...others] = Array.from({ length: 17 }, () => sessions.token(0));
  expect(sessions.begin(first, 0)).toBeNull();
  expect(sessions.begin(others.at(-1) ?? "", 0)).not.toBeNull();
});
