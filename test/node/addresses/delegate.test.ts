import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  callDelegate,
  type Delegate,
  withDelegateAdd,
} from "../../../src/node/addresses/delegate.ts";
import { type FakeDelegate, fakeDelegate } from "../../support/fake-delegate.ts";
import { refusal } from "../../support/refusal.ts";

let parent = "";
let fake: FakeDelegate;
let delegate: Delegate;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "fairway-delegate-"));
  fake = fakeDelegate(parent);
  delegate = { plugin: "fake-ipam", path: [fake.folder], stdin: "{}" };
});
afterEach(() => rmSync(parent, { recursive: true }));

test("one that hangs is killed, whatever it left running", () => {
  fake.behave("CHECK", "exec sleep 30");
  const error = refusal(() => callDelegate(delegate, { verb: "CHECK", timeLimitMs: 200 }));
  expect(error.code).toBe(113);
  expect(error.message).toBe(
    "the IPAM plugin fake-ipam did not end its CHECK within 0.2 s, and was killed",
  );
});

test("one that hangs at ADD may have given an address: its DEL is called", () => {
  fake.behave("ADD", "exec sleep 30");
  const error = refusal(() => withDelegateAdd(delegate, () => 1, 200));
  expect(error.message).toContain("did not end its ADD");
  expect(fake.calls().map((c) => c.verb)).toEqual(["ADD", "DEL"]);
});

test("what cannot be run is not there", () => {
  for (const path of [[], ["/nowhere"], [parent]])
    expect(refusal(() => callDelegate({ ...delegate, path }, { verb: "DEL" })).code).toBe(105);
});

test("only CNI_* and what a tool needs is handed on", () => {
  process.env.FAIRWAY_TEST_SECRET = "x";
  callDelegate(delegate, { verb: "DEL", env: { CNI_CONTAINERID: "other" } });
  delete process.env.FAIRWAY_TEST_SECRET;
  const [call] = fake.calls();
  expect(call).toMatchObject({ verb: "DEL", containerId: "other", stdin: "{}" });
  expect(call?.env).toContain("PATH=");
  expect(call?.env).not.toContain("FAIRWAY_TEST_SECRET");
});
