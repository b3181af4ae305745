/** What is true of every answer to every input. */
import { expect } from "bun:test";
import { errorResult } from "../../src/cni/errors.ts";
import { codes, FairwayError } from "../../src/errors.ts";

/** A place in our source, as a stack shows it. */
export const stackPattern = /\n\s+at |\.(ts|js):\d+|\/\$bunfs\//;

const known: ReadonlySet<number> = new Set(Object.values(codes));

/** The words of a refusal, as a runtime would get them. Throws where they are none. */
function expectRefusal(error: unknown): void {
  if (!(error instanceof FairwayError)) throw error;
  expect(known.has(error.code)).toBe(true);
  const told = errorResult("1.0.0", error);
  expect(String(told.msg).trim()).not.toBe("");
  expect(JSON.parse(JSON.stringify(told))).toEqual(told);
  const text = `${told.msg}\n${told.details ?? ""}`;
  expect(text).not.toMatch(stackPattern);
  expect(text).not.toContain("not found");
}

/** `act` on it answers or refuses, and leaves it as it was. Whether it answered. */
export function holds<T>(input: T, act: (input: T) => unknown): boolean {
  const before = JSON.stringify(input);
  try {
    act(input);
    return true;
  } catch (error) {
    expectRefusal(error);
    return false;
  } finally {
    expect(JSON.stringify(input)).toBe(before);
    expect(Object.keys(Object.prototype)).toEqual([]);
  }
}
