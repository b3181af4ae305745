/** One verb at a time, in the order in which they came, and none that its asker may have given up. */
import { expect, test } from "bun:test";
import { type Job, VerbQueue } from "../../src/agent/queue.ts";

interface Told {
  ran: string[];
  declined: [name: string, why: string][];
}

function world() {
  const told: Told = { ran: [], declined: [] };
  const job = (name: string, work: () => void = () => {}): Job => ({
    run: () => {
      told.ran.push(name);
      work();
    },
    decline: (why) => told.declined.push([name, why]),
  });
  return { queue: new VerbQueue(), told, job };
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function rest(queue: VerbQueue): Promise<void> {
  while (queue.length > 0) await aTurn();
}

test("the first runs at once, the others in their order, each in a turn of its own", async () => {
  const { queue, told, job } = world();
  for (const name of ["a", "b", "c"]) queue.add(job(name));
  expect(told.ran).toEqual(["a"]);
  await rest(queue);
  expect(told).toEqual({ ran: ["a", "b", "c"], declined: [] });
});

test("what asks while nothing runs runs at once, again and again", async () => {
  const { queue, told, job } = world();
  for (const name of ["a", "b", "c"]) {
    queue.add(job(name));
    expect(told.ran.at(-1)).toBe(name);
    for (let turn = 0; turn < 3; turn++) await aTurn();
  }
});

test("one whose asker has gone is not run", async () => {
  const { queue, told, job } = world();
  const b = job("b");
  for (const each of [job("a"), b, job("c")]) queue.add(each);
  queue.remove(b);
  await rest(queue);
  expect(told).toEqual({ ran: ["a", "c"], declined: [] });
});

test("what may have waited longer than a launcher does is declined", async () => {
  const { queue, told, job } = world();
  // It is heard only after the verb that runs, but may have come when that verb began.
  queue.add(job("slow", () => Bun.sleepSync(200)));
  queue.add(job("late"));
  await rest(queue);
  for (let turn = 0; turn < 3; turn++) await aTurn();
  queue.add(job("again"));
  expect(told.ran).toEqual(["slow", "again"]);
  expect(told.declined).toEqual([["late", "the verbs before it took too long"]]);
});

test("more than can have their turn are declined at once", async () => {
  const { queue, told, job } = world();
  for (let n = 0; n < 40; n++) queue.add(job(String(n)));
  expect(told.declined.map(([, why]) => why)).toEqual(Array(7).fill("32 verbs wait already"));
  await rest(queue);
  expect(told.ran).toEqual(Array.from({ length: 33 }, (_, n) => String(n)));
});

test("after the end nothing is begun", async () => {
  const { queue, told, job } = world();
  for (const name of ["a", "b"]) queue.add(job(name));
  queue.stop();
  queue.add(job("c"));
  await aTurn();
  expect(told).toEqual({
    ran: ["a"],
    declined: [
      ["b", "the agent is about to end"],
      ["c", "the agent is about to end"],
    ],
  });
});
