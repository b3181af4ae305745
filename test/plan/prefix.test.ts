import { expect, test } from "bun:test";
import { liesWithin, prefixesOverlap, prefixOf, prefixText } from "../../src/plan/prefix.ts";

test.each([
  ["10.1.0.0/16", "10.1.2.0/24", true, "a network in another"],
  ["10.1.2.0/24", "10.1.0.0/16", true, "the other way round"],
  ["10.1.2.0/24", "10.1.3.0/24", false, "neighbours"],
  ["10.1.2.0/23", "10.1.3.7", true, "an address in the second half"],
  ["10.1.2.0/25", "10.1.2.128/25", false, "two halves"],
  ["0.0.0.0/0", "203.0.113.7", true, "everything"],
  ["0.0.0.0/0", "fd00::1", false, "two families"],
  ["fd00:1::/33", "fd00:1:8000::/33", false, "a bit within a byte of IPv6"],
  ["fd00:1::/32", "fd00:1:8000::/33", true, "IPv6 in IPv6"],
])("%s and %s overlap: %p (%s)", (a, b, expected) => {
  expect(prefixesOverlap(prefixOf(a), prefixOf(b))).toBe(expected);
  expect(prefixesOverlap(prefixOf(b), prefixOf(a))).toBe(expected);
});

test.each([
  ["10.1.2.0/24", "10.1.0.0/16", true],
  ["10.1.0.0/16", "10.1.2.0/24", false],
  ["10.1.0.0/16", "10.1.0.0/16", true],
  ["fd00::/64", "10.0.0.0/8", false],
])("%s lies within %s: %p", (inner, outer, expected) => {
  expect(liesWithin(prefixOf(inner), prefixOf(outer))).toBe(expected);
});

test.each(["10.244.1.0/24", "fd00:10::/48", "::/0"])("%s is written as it was read", (text) => {
  expect(prefixText(prefixOf(text))).toBe(text);
});
