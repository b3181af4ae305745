import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { verbCallIn } from "../../src/agent/verb-call.ts";

const call = (text: string) => verbCallIn(Buffer.from(text, "latin1"));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

test("environment and stdin are taken apart", () => {
  expect(call("CNI_COMMAND=ADD\0CNI_ARGS=A=1;B=\nx\0FAIRWAY_AS=fairway\0\0{\0}\n")).toEqual({
    isIpam: false,
    env: { CNI_COMMAND: "ADD", CNI_ARGS: "A=1;B=\nx" },
    stdin: bytes("{\0}\n"),
  });
});

test("a value and stdin may be empty", () => {
  expect(call("CNI_NETNS=\0FAIRWAY_AS=fairway-ipam\0\0")).toEqual({
    isIpam: true,
    env: { CNI_NETNS: "" },
    stdin: new Uint8Array(),
  });
});

test("other variables of Fairway are kept for whoever judges them", () => {
  expect(call("FAIRWAY_TRACE=1\0FAIRWAY_AS=fairway\0\0")).toMatchObject({
    env: { FAIRWAY_TRACE: "1" },
  });
});

const rows: [title: string, body: string, says: RegExp][] = [
  ["nothing", "", /no empty entry/],
  ["no end of the environment", "CNI_COMMAND=ADD\0FAIRWAY_AS=fairway\0", /no empty entry/],
  ["no name", "CNI_COMMAND=ADD\0\0{}", /FAIRWAY_AS is missing/],
  ["another name", "FAIRWAY_AS=bridge\0\0{}", /FAIRWAY_AS is "bridge"/],
  ["an entry without a value", "CNI_COMMAND\0FAIRWAY_AS=fairway\0\0", /no CNI_\* or FAIRWAY_\*/],
  ["another variable", "PATH=/bin\0FAIRWAY_AS=fairway\0\0", /no CNI_\* or FAIRWAY_\*/],
  ["a variable without a name", "=x\0FAIRWAY_AS=fairway\0\0", /no CNI_\* or FAIRWAY_\*/],
  ["a variable twice", "CNI_ARGS=a\0CNI_ARGS=b\0FAIRWAY_AS=fairway\0\0", /CNI_ARGS is given twice/],
  ["what is no UTF-8", "CNI_ARGS=\xff\0FAIRWAY_AS=fairway\0\0", /not UTF-8/],
];

test.each(rows)("%s is refused", (_, body, says) => {
  expect(call(body)).toMatchObject({ status: 400, reason: expect.stringMatching(says) });
});

test("a name that every object has is a variable like others", () => {
  expect(call("CNI___proto__=x\0FAIRWAY_AS=fairway\0\0")).toMatchObject({
    env: { CNI___proto__: "x" },
  });
});

test("nothing at all makes it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
      expect(verbCallIn(body)).toBeObject();
    }),
  );
});
