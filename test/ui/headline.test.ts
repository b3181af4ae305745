import { expect, test } from "bun:test";
import type { Live, LiveClass } from "../../src/metrics/live.ts";
import { headlineOf } from "../../src/ui/headline.ts";
import { liveClassOf, liveOf, treeOf } from "./support.ts";

const of = (verdict: LiveClass["verdict"], pod: string = verdict) => liveClassOf(pod, { verdict });

test.each<[string, Live, string, RegExp]>([
  ["before the first pod", { trees: [], classes: [] }, "open", /^No pod was added/],
  ["nobody was promised anything", liveOf(of("bestEffort")), "good", /^No pod .* has a guarantee/],
  [
    "all is kept",
    liveOf(of("kept"), of("idle"), of("bestEffort")),
    "good",
    /kept: 2 guarantees on/,
  ],
  ["one", liveOf(of("kept")), "good", /kept: 1 guarantee on/],
  ["some wait", liveOf(of("kept"), of("waiting")), "open", /wait at 1 of 2 guarantees/],
  [
    "one is missed",
    liveOf(of("waiting"), of("missed", "a/b")),
    "bad",
    /^Not kept: 1 of 2 .* a\/b /,
  ],
  [
    "a class is missing",
    liveOf(of("missed"), of("missing", "x")),
    "bad",
    /2 of 2 .*x \(egress\) has no/,
  ],
  [
    "more is promised than there is",
    { trees: [treeOf({ leftBits: -1 })], classes: [of("kept")] },
    "bad",
    /^More is promised on egress/,
  ],
])("%s", (_, live, mood, text) => {
  expect(headlineOf(live)).toMatchObject({ mood, text: expect.stringMatching(text) });
});
