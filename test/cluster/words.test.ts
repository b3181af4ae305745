import { describe, expect, test } from "bun:test";
import { isPromised, noteOf, promiseWords, refusalWords } from "../../src/cluster/words.ts";
import { FairwayError } from "../../src/errors.ts";
import type { PodPromise } from "../../src/plan/node.ts";
import { attachment } from "../ledger/fixtures/samples.ts";

const none = { guaranteeBits: 0, limitBits: null, burstBytes: null };
const plain: PodPromise = {
  egress: none,
  ingress: none,
  latencyTargetUs: null,
  tier: null,
  notes: [],
};

test.each<[Partial<PodPromise>, string, boolean]>([
  [{}, "egress best effort; ingress best effort", false],
  [
    { egress: { guaranteeBits: 5e7, limitBits: 1e8, burstBytes: null }, latencyTargetUs: 1_000 },
    "egress 50M guaranteed, at most 100M, latency target 1ms; ingress best effort",
    true,
  ],
  [{ tier: "high" }, "egress best effort; ingress best effort (tier high)", true],
])("%j", (part, words, promised) => {
  expect(promiseWords({ ...plain, ...part })).toBe(words);
  expect(isPromised({ ...plain, ...part })).toBe(promised);
});

describe("a note", () => {
  test("is one line that the API takes, whatever an annotation holds", () => {
    const hostile = `a\n\u001b[31mb\u0007\u0000\u202ec\ud800${"x".repeat(256 * 1024)}`;
    const note = noteOf(hostile);
    expect(note).toStartWith("a [31mb c\ufffdxxx");
    expect(note).toEndWith("…");
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
  });

  test("is cut between characters", () => {
    const note = noteOf("ü😀".repeat(10_000));
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note.isWellFormed()).toBe(true);
  });

  test("stays as it is where it is short", () => {
    expect(noteOf("10M is free")).toBe("10M is free");
  });
});

describe("a refusal", () => {
  const pod = attachment(1);
  test("names no container", () => {
    const error = new FairwayError(
      "promiseRefused",
      "pods/c1/eth0 asks for 10G",
      "Largest holders: shop/a (pods/c9/eth0) 5M.",
    );
    expect(refusalWords(error, pod)).toBe("the pod asks for 10G");
  });

  test("says how to write it", () => {
    const error = new FairwayError(
      "badConfig",
      'fairway.dev/egress-guarantee: "lots" is not a rate',
      "Write a quantity.",
    );
    expect(refusalWords(error, pod)).toBe(
      'fairway.dev/egress-guarantee: "lots" is not a rate. Write a quantity.',
    );
  });
});
