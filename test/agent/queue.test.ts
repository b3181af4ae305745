/** One verb at a time, in the order in which they came, and none that its asker may have given up. */
import { expect, spyOn, test } from "bun:test";
import { type Job, VerbQueue } from "../../src/agent/queue.ts";

interface Told {
  ran: string[];
  queued: string[];
  declined: [name: string, why: string][];
}

function world() {
  const told: Told = { ran: [], queued: [], declined: [] };
  const job = (name: string, work: () => void = () => {}, isThere = true): Job => ({
    run: () => {
      told.ran.push(name);
      work();
    },
    queued: () => {
      told.queued.push(name);
      return isThere;
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
  expect(told).toEqual({ ran: ["a", "b", "c"], queued: ["b", "c"], declined: [] });
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
  expect(told).toEqual({ ran: ["a", "c"], queued: ["b", "c"], declined: [] });
});

test("who has given up while it could not be heard is not queued", async () => {
  const { queue, told, job } = world();
  queue.add(job("slow"));
  queue.add(job("gone", () => {}, false));
  queue.add(job("there"));
  await rest(queue);
  expect(told).toEqual({ ran: ["slow", "there"], queued: ["gone", "there"], declined: [] });
});

test("what was told that it waits has its turn, however slow those before it were", async () => {
  const { queue, told, job } = world();
  queue.add(job("slow", () => Bun.sleepSync(200)));
  queue.add(job("late"));
  await rest(queue);
  expect(told).toEqual({ ran: ["slow", "late"], queued: ["late"], declined: [] });
});

test("what would have to wait for longer than a launcher does is declined", async () => {
  const { queue, told, job } = world();
  using now = spyOn(performance, "now");
  let nowMs = 0;
  now.mockImplementation(() => nowMs);
  queue.add(
    job("hung", () => {
      queue.add(job("late"));
      nowMs = 16_000;
    }),
  );
  await rest(queue);
  expect(told.ran).toEqual(["hung"]);
  expect(told.declined).toEqual([["late", "the verbs before it took too long"]]);
});

test("hundreds have their turn", async () => {
  const { queue, told, job } = world();
  const names = Array.from({ length: 500 }, (_, n) => String(n));
  for (const name of names) queue.add(job(name));
  await rest(queue);
  expect(told).toEqual({ ran: names, queued: names.slice(1), declined: [] });
});

test("after the end nothing is begun", async () => {
  const { queue, told, job } = world();
  for (const name of ["a", "b"]) queue.add(job(name));
  queue.stop();
  queue.add(job("c"));
  await aTurn();
  expect(told).toEqual({
    ran: ["a"],
    queued: ["b"],
    declined: [
      ["b", "the agent is about to end"],
      ["c", "the agent is about to end"],
    ],
  });
});
