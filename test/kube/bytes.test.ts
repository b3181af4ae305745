import { expect, test } from "bun:test";
import { Lines, readText } from "../../src/kube/bytes.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("lines are whole, however they come", () => {
  const lines = new Lines(100);
  expect(lines.take(bytes('{"a":1}\n{"b'))).toEqual(['{"a":1}']);
  expect(lines.take(bytes('":2}'))).toEqual([]);
  expect(lines.take(bytes("\n\n"))).toEqual(['{"b":2}']);
  const cut = bytes("ü\n");
  expect(lines.take(cut.subarray(0, 1))).toEqual([]);
  expect(lines.take(cut.subarray(1))).toEqual(["ü"]);
});

test("a line without an end is refused before it fills the memory", () => {
  const lines = new Lines(10);
  lines.take(bytes("12345"));
  expect(() => lines.take(bytes("678901"))).toThrow("more than 10 bytes");
});

test("an answer that is too large is refused", async () => {
  expect(await readText(new Response("1234").body, 4)).toBe("1234");
  expect(readText(new Response("12345").body, 4)).rejects.toThrow("more than 4 bytes");
});
