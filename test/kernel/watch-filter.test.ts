/**
 * What the kernel told on a node, recorded: fw0 is link 4, the uplink is link 2, other0 is link 3. Of links and
 * queues only the beginning was kept, which is what is read of them.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Cause,
  destination,
  type Interest,
  siftRoute,
  siftTables,
} from "../../src/kernel/watch-filter.ts";

const told = {
  bridge: "KAAAABAAAAAAAAAAAAAAAAAAAQAEAAAAwxABAIAAAAAIAAMAZncwAA==",
  otherLink: "LAAAABAAAAAAAAAAAAAAAAAAAQADAAAAAhAAAAAAAAALAAMAb3RoZXIwAAA=",
  pair: "LAAAABAAAAAAAAAAAAAAAAAAAQAGAAAAAhAAAP////8KAAMAZnd2MTAAAAA=",
  address:
    "TAAAABQAAAAfGAxrkUcAAAIYgAAEAAAACAABAMYTAQEIAAIAxhMBAQgAAwBmdzAACAAIAIAAAAAUAAYA//////////9n4jsAZ+I7AA==",
  otherAddress:
    "UAAAABQAAAAfGAxrmkcAAAIYgAADAAAACAABAMsAcQEIAAIAywBxAQsAAwBvdGhlcjAAAAgACACAAAAAFAAGAP//////////cuI7AHLiOwA=",
  blackhole: "LAAAABgAAAYfGAxrwUcAAAIYAAD+AwAGAAAAAAgADwD+AAAACAABAMYTAgA=",
  route: "PAAAABgAAAYfGAxr9EcAAAIYAAD+A/0BAAAAAAgADwD+AAAACAABAMYTAgAIAAYABwAAAAgABAACAAAA",
  route6:
    "dAAAABgAAAYgGAxrIUgAAApAAAD+AwABAAAAAAgADwD+AAAAFAABAP0AxhMAAQAAAAAAAAAAAAAIAAYABwAAAAgABAACAAAAJAAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABQAUAAAAAAA=",
  routeOnBridge: "NAAAABgAAAYgGAxrP0gAAAIYAAD+A/0BAAAAAAgADwD+AAAACAABAMsAcgAIAAQABAAAAA==",
  otherRoute: "NAAAABgAAAYgGAxrYUgAAAIYAAD+A/0BAAAAAAgADwD+AAAACAABAMsAcwAIAAQAAgAAAA==",
  qdisc: "NAAAACUAAAAhGAxrk0gAAAAAAAACAAAAAAAAAP////8CAAAADAABAG5vcXVldWUABQAMAA==",
  trafficClass: "MAAAACgAAAAhGAxrxUgAAAAAAAACAAAAAQAB+v////8AAAAACAABAGh0YgA0AAIA",
  otherQdisc: "NAAAACQAAAEhGAxrDUkAAAAAAAADAAAAAAAB+v////8BAAAACAABAGh0YgAkAAIAGAACAA==",
} as const;

/** Of tables: "inet fairway", generation 7, and "ip fairway", generation 9. */
const toldOfTables = {
  element:
    "SAAAAAwKAAQAAAAANEkAAAEAAAYMAAEAZmFpcndheQAGAAIAcwAAACAAAwAcAAEAGAABABQAAQBldGg3AAAAAAAAAAAAAAAA",
  generation: "LAAAAA8KAAABAAAAO0kAAAAAAAcIAAEAAAAABwgAAgAAAEk7CAADAG5mdAA=",
  otherElement:
    "SAAAAAwKAAQAAAAAYkkAAAIAAAgMAAEAZmFpcndheQAGAAIAcwAAACAAAwAcAAEAGAABABQAAQBldGg3AAAAAAAAAAAAAAAA",
  otherGeneration: "LAAAAA8KAAABAAAAf0kAAAAAAAkIAAEAAAAACQgAAgAAAEl/CAADAG5mdAA=",
  flush:
    "NAAAAAsKAAABAAAAtkkAAAEAAAoMAAEAZmFpcndheQAGAAIAcwAAAAwAEAAAAAAAAAAAATQAAAACCgAAAQAAALZJAAABAAAKDAABAGZhaXJ3YXkACAADAAAAAAAMAAQAAAAAAAAAAAE0AAAACwoAAAEAAAC2SQAAAgAACgwAAQBmYWlyd2F5AAYAAgBzAAAADAAQAAAAAAAAAAABNAAAAAIKAAABAAAAtkkAAAIAAAoMAAEAZmFpcndheQAIAAMAAAAAAAwABAAAAAAAAAAAAg==",
} as const;

const bytesOf = (text: string): Uint8Array => Uint8Array.fromBase64(text);

const interest: Interest = {
  links: new Set(["fw0", "uplink"]),
  addressed: new Set([4]),
  queued: new Set([2, 4]),
  destinations: new Set(["198.19.2.0/24", "fd00:c613:1::/64"].map(destination)),
};

const causes: Record<keyof typeof told, Cause | null> = {
  bridge: "links",
  otherLink: null,
  pair: "links",
  address: "addresses",
  otherAddress: null,
  blackhole: "routes",
  route: "routes",
  route6: "routes",
  routeOnBridge: "routes",
  otherRoute: null,
  qdisc: "tc",
  trafficClass: "tc",
  otherQdisc: null,
};
const names = Object.keys(told) as (keyof typeof told)[];

describe("rtnetlink", () => {
  test.each(names)("%s", (name) => {
    const cause = causes[name];
    expect([...siftRoute(bytesOf(told[name]), interest)]).toEqual(cause === null ? [] : [cause]);
  });

  test("without an interest all of it concerns us", () => {
    for (const name of names) expect(siftRoute(bytesOf(told[name]), null).size).toBe(1);
  });

  test("a link is known by its number where it has another name now", () => {
    const renamed = { ...interest, links: new Set<string>() };
    expect([...siftRoute(bytesOf(told.bridge), renamed)]).toEqual(["links"]);
    const other = { ...interest, links: new Set(["fw0"]), addressed: new Set<number>() };
    expect([...siftRoute(bytesOf(told.bridge), { ...other, queued: new Set() })]).toEqual([
      "links",
    ]);
  });

  test("a destination has its length", () => {
    const longer = { ...interest, destinations: new Set([destination("198.19.2.0/25")]) };
    expect(siftRoute(bytesOf(told.blackhole), longer).size).toBe(0);
  });

  test("several messages in one datagram", () => {
    const both = new Uint8Array([...bytesOf(told.pair), ...bytesOf(told.address)]);
    expect([...siftRoute(both, interest)]).toEqual(["links", "addresses"]);
  });
});

describe("nf_tables", () => {
  test("a transaction on our tables has its generation", () => {
    const first = siftTables(bytesOf(toldOfTables.element), false);
    expect(first).toEqual({ causes: new Set(["tables"]), generations: [], isPending: true });
    const second = siftTables(bytesOf(toldOfTables.generation), first.isPending);
    expect(second).toEqual({ causes: new Set(), generations: [7], isPending: false });
  });

  test("another table of that name does not count", () => {
    const first = siftTables(bytesOf(toldOfTables.otherElement), false);
    expect(first).toEqual({ causes: new Set(), generations: [], isPending: false });
    expect(siftTables(bytesOf(toldOfTables.otherGeneration), false).generations).toEqual([]);
  });

  test("a flush of everything counts", () => {
    expect([...siftTables(bytesOf(toldOfTables.flush), false).causes]).toEqual(["tables"]);
  });

  test("one transaction after the other in one datagram", () => {
    const { element, generation, otherElement, otherGeneration } = toldOfTables;
    const all = [otherElement, otherGeneration, element, generation];
    const datagram = new Uint8Array(all.flatMap((text) => [...bytesOf(text)]));
    expect(siftTables(datagram, false)).toEqual({
      causes: new Set(["tables"]),
      generations: [7],
      isPending: false,
    });
  });
});

test("what cannot be read counts as lost, whatever the bytes", () => {
  expect([...siftRoute(bytesOf(told.address).subarray(0, 30), interest)]).toEqual(["lost"]);
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(told), ...Object.values(toldOfTables)),
      fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 6 }),
      fc.nat(120),
      (text, changes, length) => {
        const bytes = bytesOf(text);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        siftRoute(bytes.subarray(0, length), interest);
        siftTables(bytes.subarray(0, length), false);
      },
    ),
  );
});
