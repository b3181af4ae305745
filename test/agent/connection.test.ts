/** One request in, one answer out, whatever the other side takes and whenever it goes. */
import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { Connection } from "../../src/agent/connection.ts";
import type { HttpRequest } from "../../src/agent/protocol.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A socket whose other side takes so many bytes at once; less than 0 stands for nobody. */
function world(takes: number) {
  const sent: string[] = [];
  const ended: string[] = [];
  const socket = {
    takes,
    write(chunk: Uint8Array): number {
      if (this.takes < 0) return -1;
      const taken = chunk.subarray(0, this.takes);
      sent.push(new TextDecoder().decode(taken));
      return taken.length;
    },
    end: () => void ended.push("end"),
    terminate: () => void ended.push("terminate"),
  };
  const requests: HttpRequest[] = [];
  const connection = new Connection(
    socket as unknown as Socket<Connection | undefined>,
    (request) => requests.push(request),
  );
  return { socket, sent, ended, requests, connection };
}

const get = bytes("GET /healthz HTTP/1.1\r\n\r\n");

test("a request is handed over once, and answered once", () => {
  const { connection, requests, sent, ended } = world(1_000);
  connection.heard(get.subarray(0, 10));
  expect(requests).toEqual([]);
  connection.heard(get.subarray(10));
  connection.heard(get);
  expect(requests.map(({ path }) => path)).toEqual(["/healthz"]);
  expect(connection.tell(bytes("first, "))).toBe(true);
  connection.answer(bytes("then"));
  connection.answer(bytes("again"));
  expect(connection.tell(bytes("late"))).toBe(false);
  expect(sent.join("")).toBe("first, then");
  expect(ended).toEqual(["end"]);
});

test("an answer that is not taken at once goes on where it stopped, and ends after its last byte", () => {
  const { socket, connection, sent, ended } = world(3);
  connection.heard(get);
  connection.answer(bytes("abcdefgh"));
  expect([sent, ended]).toEqual([["abc"], []]);
  connection.goOn();
  expect(ended).toEqual([]);
  socket.takes = 100;
  connection.goOn();
  expect([sent, ended]).toEqual([["abc", "def", "gh"], ["end"]]);
  connection.closed();
});

test("nobody is told of, and what they would not hear is not kept", () => {
  const { socket, connection, ended } = world(-1);
  let gone = 0;
  connection.onGone = () => {
    gone += 1;
  };
  connection.heard(get);
  expect(connection.tell(bytes("first"))).toBe(false);
  connection.answer(bytes("then"));
  expect(ended).toEqual(["terminate"]);
  socket.takes = 100;
  connection.closed();
  expect(gone).toBe(1);
});

test("who will send nothing more is waited for only where the request is whole", () => {
  const half = world(100);
  half.connection.heard(get.subarray(0, 10));
  half.connection.heardAll();
  expect(half.ended).toEqual(["terminate"]);
  half.connection.closed();
  const whole = world(100);
  whole.connection.heard(get);
  whole.connection.heardAll();
  expect(whole.ended).toEqual([]);
});

test("what is no request is refused, and nobody is asked", () => {
  const { connection, requests, sent, ended } = world(1_000);
  connection.heard(bytes("hello\r\n\r\n"));
  expect(requests).toEqual([]);
  expect(sent.join("")).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(ended).toEqual(["end"]);
});
