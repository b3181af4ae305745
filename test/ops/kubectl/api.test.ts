import { expect, test } from "bun:test";
import { FairwayError } from "../../../src/errors.ts";
import { KubeError } from "../../../src/kube/kube-error.ts";
import { inWords } from "../../../src/ops/kubectl/api.ts";

const forbidden = 'nodes is forbidden: User "jo" cannot list resource "nodes"';

test.each<[string, KubeError, string, string]>([
  [
    "no answer",
    new KubeError(null, "Timeout", "no whole answer within 30000 ms"),
    "the API server cannot be asked to list nodes: no whole answer within 30000 ms",
    "kubectl version",
  ],
  [
    "what kubectl says of a server that is away",
    new KubeError(500, "", "HTTP status 500: dial tcp 192.0.2.1:6443: connect: connection refused"),
    "the API server cannot be asked to list nodes: dial tcp 192.0.2.1:6443: connect: connection refused",
    "--context",
  ],
  [
    "somebody who is not known",
    new KubeError(401, "Unauthorized", "Unauthorized"),
    "the API server does not know you: Unauthorized",
    "kubectl auth whoami",
  ],
  [
    "somebody who may not",
    new KubeError(403, "Forbidden", forbidden),
    `you may not list nodes: ${forbidden}`,
    "docs/kubectl.md",
  ],
  ["anything else", new KubeError(429, "TooManyRequests", "too many"), "list nodes: too many", ""],
])("%s", (_, error, message, advice) => {
  const told = inWords(error, "list nodes");
  expect(told).toBeInstanceOf(FairwayError);
  expect(told).toMatchObject({ message });
  expect((told as FairwayError).details ?? "").toContain(advice);
});

test("a defect stays what it is", () => {
  const defect = new TypeError("x");
  expect(inWords(defect, "list nodes")).toBe(defect);
});
