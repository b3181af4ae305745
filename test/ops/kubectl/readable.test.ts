import { expect, test } from "bun:test";
import { readable } from "../../../src/ops/kubectl/readable.ts";

test("no text can move a cursor or turn a line, wherever it stands", () => {
  const found = {
    "a\u001b[2J": ["x\u0007y", { deep: "\u202edlrow\r\n" }],
    n: 1,
    no: null,
    is: true,
  };
  expect<unknown>(readable(found)).toEqual({
    "a\ufffd[2J": ["x\ufffdy", { deep: "\ufffddlrow\ufffd\n" }],
    ...{ n: 1, no: null, is: true },
  });
});
