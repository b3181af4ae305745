import { expect, test } from "bun:test";
import { FairwayError } from "../../src/errors.ts";
import { Service } from "../../src/grpc/method.ts";

const text = `syntax = "proto3";
package test.v1;
service Shelf {
  rpc Look(Ask) returns (Answer) {}
  rpc Watch(Ask) returns (stream Answer) {}
}
message Ask { string book_name = 1; optional string shelf = 2; }
enum State { UNKNOWN = 0; LENT = 1; }
message Answer { repeated string names = 1; map<string, Ask> by_id = 2; State state = 3; int64 since = 4; Ask last = 5; }
`;

interface Ask {
  bookName: string;
  shelf?: string;
}
interface Answer {
  names: string[];
  byId: Record<string, Ask>;
  state: "UNKNOWN" | "LENT";
  since: number;
  last: Ask | null;
}

const shelf = new Service(text, "test.v1.Shelf");
const look = shelf.method<Ask, Answer>("Look");

test("a method has the path of its service, or of another that has the same messages", () => {
  expect(look.path).toBe("/test.v1.Shelf/Look");
  expect(shelf.method("Look", "test.v2.Shelf").path).toBe("/test.v2.Shelf/Look");
  expect(look.isStream).toBe(false);
  expect(shelf.method("Watch").isStream).toBe(true);
  expect(() => shelf.method("Burn")).toThrow("has no method Burn");
});

const rows: [string, Answer][] = [
  [
    "all of it",
    {
      names: ["a", ""],
      byId: { one: { bookName: "b", shelf: "c" } },
      state: "LENT",
      since: 1_700_000_000_000,
      last: { bookName: "d", shelf: "" },
    },
  ],
  ["nothing of it", { names: [], byId: {}, state: "UNKNOWN", since: 0, last: null }],
];

test.each(rows)("a message is read as it was written: %s", (_, answer) => {
  expect(look.answer.decode(look.answer.encode(answer))).toEqual(answer);
});

test("the bytes are those of the wire format", () => {
  expect([...look.asked.encode({ bookName: "ab", shelf: "" })]).toEqual([
    0x0a, 2, 0x61, 0x62, 0x12, 0,
  ]);
});

test.each([
  ["cut off", [0x0a, 5, 0x61]],
  ["of no wire type", [0x0f]],
  ["no text", [0x0a, 200]],
])("bytes that are no message: %s", (_, bytes) => {
  const decode = (): unknown => look.asked.decode(Uint8Array.from(bytes));
  expect(decode).toThrow(FairwayError);
  expect(decode).toThrow("a message is no test.v1.Ask");
});
