import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatIp, parseCidr, parseIp } from "../../src/config/addresses.ts";
import type { AddressRange, Cidr, Ip } from "../../src/config/types.ts";
import { FairwayError } from "../../src/errors.ts";
import { chooseAddress, giveableCount } from "../../src/ledger/address.ts";

const value = (text: string) => parseIp(text, "test").value;

function range(first: string, last: string, gateway: string, subnet: string): AddressRange {
  return {
    subnet: parseCidr(subnet, "test"),
    first: value(first),
    last: value(last),
    gateway: parseIp(gateway, "test"),
  };
}

/** 198.18.0.<first>-<last> of a /28 whose gateway is .1. */
const small = (first: number, last: number) =>
  range(`198.18.0.${first}`, `198.18.0.${last}`, "198.18.0.1", "198.18.0.0/28");

interface Case {
  set: AddressRange[];
  exclude?: string[];
  last?: string;
  taken?: string[];
  requested?: string;
}

function choose({ set, exclude = [], last, taken = [], requested }: Case) {
  return chooseAddress({
    sets: [set],
    exclude: exclude.map((text) => parseCidr(text, "test")),
    setIndex: 0,
    last: last === undefined ? null : value(last),
    taken: (ip) => taken.includes(formatIp(ip)),
    ...(requested !== undefined && { requested: parseIp(requested, "test") }),
  });
}

describe("round robin", () => {
  const two = [small(8, 10), small(3, 5)];
  const rows: [string, Case, string][] = [
    ["begins at the first", { set: [small(2, 5)] }, "198.18.0.2"],
    ["skips the gateway", { set: [small(1, 5)] }, "198.18.0.2"],
    ["goes on after the last", { set: [small(2, 5)], last: "198.18.0.3" }, "198.18.0.4"],
    ["wraps at the end", { set: [small(2, 5)], last: "198.18.0.5" }, "198.18.0.2"],
    ["wraps over the gateway", { set: [small(1, 5)], last: "198.18.0.5" }, "198.18.0.2"],
    [
      "skips what is taken",
      { set: [small(2, 5)], last: "198.18.0.2", taken: ["198.18.0.3", "198.18.0.4"] },
      "198.18.0.5",
    ],
    [
      "comes back to the last itself when it is the only one",
      {
        set: [small(2, 5)],
        last: "198.18.0.3",
        taken: ["198.18.0.2", "198.18.0.4", "198.18.0.5"],
      },
      "198.18.0.3",
    ],
    ["skips an excluded block", { set: [small(2, 14)], exclude: ["198.18.0.0/29"] }, "198.18.0.8"],
    [
      "skips blocks that touch and overlap",
      {
        set: [small(2, 14)],
        exclude: ["198.18.0.8/30", "198.18.0.0/29", "198.18.0.10/32", "198.18.0.12/32"],
      },
      "198.18.0.13",
    ],
    [
      "begins anew after a last within a block",
      { set: [small(2, 14)], exclude: ["198.18.0.4/30"], last: "198.18.0.5" },
      "198.18.0.8",
    ],
    ["ignores blocks of the other family", { set: [small(2, 5)], exclude: ["::/0"] }, "198.18.0.2"],
    ["takes the ranges in their order", { set: two }, "198.18.0.8"],
    ["goes to the next range", { set: two, last: "198.18.0.10" }, "198.18.0.3"],
    ["wraps to the first range", { set: two, last: "198.18.0.5" }, "198.18.0.8"],
    [
      "comes back to the part before the last",
      { set: two, last: "198.18.0.9", taken: ["10", "3", "4", "5"].map((n) => `198.18.0.${n}`) },
      "198.18.0.8",
    ],
    ["begins anew when the last is in no range", { set: two, last: "198.18.0.200" }, "198.18.0.8"],
    [
      "IPv6",
      { set: [range("fd00::1", "fd00::ffff", "fd00::1", "fd00::/64")], exclude: ["fd00::/124"] },
      "fd00::10",
    ],
    [
      "gives what is asked",
      { set: two, last: "198.18.0.3", requested: "198.18.0.9" },
      "198.18.0.9",
    ],
  ];
  test.each(rows)("%s", (_, question, expected) => {
    const choice = choose(question);
    expect("ip" in choice && formatIp(choice.ip)).toBe(expected);
  });

  test("the gateway of another set is no pod's either", () => {
    const own = range("198.18.0.2", "198.18.0.4", "198.18.0.254", "198.18.0.0/24");
    const other = range("198.18.1.2", "198.18.1.4", "198.18.0.2", "198.18.1.0/24");
    const choice = chooseAddress({
      sets: [[own], [other]],
      exclude: [],
      setIndex: 0,
      last: null,
      taken: () => false,
    });
    expect(choice).toEqual({ ip: parseIp("198.18.0.3", "test"), range: own });
  });

  test("the range that it comes from is told", () => {
    const set = [small(8, 10), small(3, 5)];
    expect(choose({ set, last: "198.18.0.10" })).toMatchObject({ range: small(3, 5) });
  });
});

test("an exhausted set says how many it had", () => {
  const all = Array.from({ length: 16 }, (_, n) => `198.18.0.${n}`);
  const question = { set: [small(1, 6), small(9, 10)], exclude: ["198.18.0.4/31"], taken: all };
  expect(choose(question)).toEqual({ exhausted: { total: 5n } });
  expect(choose({ set: [small(1, 1)] })).toEqual({ exhausted: { total: 0n } });
});

describe("a request that is refused", () => {
  const rows: [string, Case, string, RegExp][] = [
    ["outside", { set: [small(2, 5)], requested: "198.18.0.9" }, "badConfig", /in no range/],
    ["of the other family", { set: [small(2, 5)], requested: "fd00::3" }, "badConfig", /no range/],
    ["the gateway", { set: [small(1, 5)], requested: "198.18.0.1" }, "badConfig", /is a gateway/],
    [
      "excluded",
      { set: [small(2, 5)], exclude: ["198.18.0.4/31"], requested: "198.18.0.5" },
      "badConfig",
      /excluded/,
    ],
    [
      "taken",
      { set: [small(2, 5)], taken: ["198.18.0.3"], requested: "198.18.0.3" },
      "addressInUse",
      /in use/,
    ],
  ];
  test.each(rows)("%s", (_, question, kind, words) => {
    try {
      choose(question);
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      expect(error.kind as string).toBe(kind);
      expect(error.message).toMatch(words);
      expect(error.message).toContain(question.requested ?? "-");
      return;
    }
    throw new Error("it was given");
  });
});

test("a large set is not walked: one question for a free one", () => {
  let asked = 0;
  const set = [range("fd00::1", "fd00::ffff:ffff:ffff:ffff", "fd00::1", "fd00::/64")];
  const choice = chooseAddress({
    sets: [set],
    exclude: [parseCidr("fd00::/65", "test")],
    setIndex: 0,
    last: null,
    taken: () => {
      asked += 1;
      return false;
    },
  });
  expect("ip" in choice && formatIp(choice.ip)).toBe("fd00::8000:0:0:0");
  expect(asked).toBe(1);
  expect(giveableCount({ sets: [set], exclude: [], setIndex: 0 })).toBe(2n ** 64n - 2n);
});

describe("for all sets, blocks, cursors and takings", () => {
  const base = value("198.18.0.0");
  const offset = fc.nat({ max: 63 });
  const cidr: fc.Arbitrary<Cidr> = fc
    .record({ at: offset, prefixLength: fc.integer({ min: 27, max: 32 }) })
    .map(({ at, prefixLength }) => {
      const size = 1n << BigInt(32 - prefixLength);
      return { family: 4, base: ((base + BigInt(at)) / size) * size, prefixLength };
    });
  const subnet: Cidr = { family: 4, base, prefixLength: 26 };
  /** One to three ranges that do not overlap, in any order. */
  const set: fc.Arbitrary<AddressRange[]> = fc
    .uniqueArray(offset, { minLength: 2, maxLength: 6 })
    .chain((points) => {
      const sorted = [...points].sort((a, b) => a - b);
      const pairs = sorted.flatMap((first, n) => {
        const last = sorted[n + 1];
        return n % 2 === 0 && last !== undefined ? [{ first, last }] : [];
      });
      const ranges = pairs.map(({ first, last }) => ({
        subnet,
        first: base + BigInt(first),
        last: base + BigInt(last),
      }));
      return fc
        .tuple(fc.shuffledSubarray(ranges, { minLength: ranges.length }), offset)
        .map(([shuffled, gateway]) =>
          shuffled.map((each) => ({
            ...each,
            gateway: { family: 4 as const, value: base + BigInt(gateway) },
          })),
        );
    });
  const question = fc.record({
    set,
    exclude: fc.array(cidr, { maxLength: 4 }),
    last: fc.option(offset),
    taken: fc.uniqueArray(offset, { maxLength: 64 }),
  });

  /** By definition, one address at a time. */
  function free(ranges: AddressRange[], exclude: Cidr[], taken: Set<bigint>): bigint[] {
    const within = ranges.flatMap(({ first, last }) =>
      Array.from({ length: Number(last - first) + 1 }, (_, n) => first + BigInt(n)),
    );
    return within.filter(
      (ip) =>
        !taken.has(ip) &&
        !ranges.some(({ gateway }) => gateway.value === ip) &&
        !exclude.some(
          (block) =>
            ip >> BigInt(32 - block.prefixLength) === block.base >> BigInt(32 - block.prefixLength),
        ),
    );
  }

  function run({
    set: ranges,
    exclude,
    last,
    taken,
  }: {
    set: AddressRange[];
    exclude: Cidr[];
    last: number | null;
    taken: number[];
  }) {
    const takenIps = new Set(taken.map((n) => base + BigInt(n)));
    const from = last === null ? null : base + BigInt(last);
    const choice = chooseAddress({
      sets: [ranges],
      exclude,
      setIndex: 0,
      last: from,
      taken: (ip: Ip) => takenIps.has(ip.value),
    });
    return { choice, from, free: free(ranges, exclude, takenIps) };
  }

  test("it gives a free one if there is one, and the nearest after the last", () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { choice, from, free: candidates } = run(asked);
        if ("exhausted" in choice) {
          expect(candidates).toEqual([]);
          return;
        }
        // The candidates stand in the order of the ranges; the turn of the wheel starts after `last`.
        const order = asked.set.flatMap(({ first, last }) =>
          Array.from({ length: Number(last - first) + 1 }, (_, n) => first + BigInt(n)),
        );
        const start = from === null ? 0 : order.indexOf(from) + 1;
        const turned = [...order.slice(start), ...order.slice(0, start)];
        const expected = turned.find((ip) => candidates.includes(ip));
        expect(choice.ip).toEqual({ family: 4, value: expected ?? -1n });
        expect(choice.range.first <= choice.ip.value && choice.ip.value <= choice.range.last).toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("it counts what it has to give", () => {
    fc.assert(
      fc.property(question, ({ set: ranges, exclude }) => {
        const count = giveableCount({ sets: [ranges], exclude, setIndex: 0 });
        expect(count).toBe(BigInt(free(ranges, exclude, new Set()).length));
      }),
    );
  });
});
