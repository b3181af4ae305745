import { expect, test } from "bun:test";
import { Turns } from "../../../src/ops/agent/turns.ts";

/** An act that ends when it is told to, and how often it was begun. */
function held(text: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const state = { begun: 0, end: () => resolve(text), fail: () => reject(new Error(text)) };
  const act = (): Promise<string> => {
    state.begun += 1;
    return promise;
  };
  return { state, act };
}

test("one after the other, and those who ask for what waits share it", async () => {
  const turns = new Turns();
  const [a, b] = [held("a"), held("b")];
  const first = turns.take("a", a.act);
  await Bun.sleep(0);
  const others = [turns.take("b", b.act), turns.take("b", b.act)];
  await Bun.sleep(0);
  expect([a.state.begun, b.state.begun]).toEqual([1, 0]);
  a.state.end();
  expect(await first).toBe("a");
  b.state.end();
  expect(await Promise.all(others)).toEqual(["b", "b"]);
  expect(b.state.begun).toBe(1);
});

test("what has begun is not shared, and what failed keeps nobody from the next turn", async () => {
  const turns = new Turns();
  const [a, again] = [held("a"), held("again")];
  const first = turns.take("a", a.act);
  await Bun.sleep(0);
  const second = turns.take("a", again.act);
  a.state.fail();
  await expect(first).rejects.toThrow("a");
  again.state.end();
  expect(await second).toBe("again");
});

test("whoever comes after eight others is told so", () => {
  const turns = new Turns();
  for (let at = 0; at < 8; at++) void turns.take(`${at}`, held("").act);
  expect(() => turns.take("8", held("").act)).toThrow("8 others wait");
});
