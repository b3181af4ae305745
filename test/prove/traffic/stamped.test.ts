import { expect, test } from "bun:test";
import {
  connectedSocket,
  listeningSocket,
  nowNs,
  type StampedSocket,
} from "../../../src/prove/traffic/stamped.ts";

const PORT = 7_411;
const WAIT_NS = 2e9;

function taken(socket: StampedSocket): { text: string; arrivedNs: number } {
  socket.wait(WAIT_NS);
  const datagram = socket.take();
  if (datagram === null) throw new Error("nothing came");
  return { text: new TextDecoder().decode(datagram.bytes), arrivedNs: datagram.arrivedNs };
}

// The kernel writes the sender's address to memory that it was told once.
test("each sender has its own answer, and its own key", () => {
  const listener = listeningSocket("127.0.0.1", PORT);
  const senders = ["first", "second", "third"].map((text) => ({
    text,
    socket: connectedSocket("127.0.0.1", PORT),
  }));
  const keys = new Set<string>();
  for (const { text, socket } of [...senders, ...senders]) {
    const sinceNs = nowNs();
    expect(socket.send(new TextEncoder().encode(text))).toBe(true);
    const came = taken(listener);
    expect(came.text).toBe(text);
    expect(came.arrivedNs).toBeGreaterThanOrEqual(sinceNs);
    keys.add(listener.sender());
    listener.answer(new TextEncoder().encode(`to ${text}`));
    expect(taken(socket).text).toBe(`to ${text}`);
    Bun.gc(true);
  }
  expect(keys.size).toBe(senders.length);
});
