import { expect, test } from "bun:test";
import { parseNamed } from "../../../src/ops/kubectl/subject.ts";

test.each([
  ["web", { kind: "pod", name: "web" }],
  ["pod/web", { kind: "pod", name: "web" }],
  ["deployment/web", { kind: "deployment", name: "web" }],
  ["deploy/web", { kind: "deployment", name: "web" }],
  ["deployment.apps/web", { kind: "deployment", name: "web" }],
] as const)("%s", (text, named) => {
  expect(parseNamed(text)).toEqual(named);
});

test.each(["", "deployment/", "daemonset/web", "a/b/c", "Web", "../x", "pod/..", "toString/web"])(
  "%p is neither",
  (text) => {
    expect(() => parseNamed(text)).toThrow("is neither POD nor deployment/NAME");
  },
);
