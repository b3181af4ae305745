/** `ipam.pools`, `ipam.stickyFor`, and what a pod asks for with them. */
import { describe, expect, test } from "bun:test";
import { addressAskOf } from "../../src/config/address-ask.ts";
import { formatIp } from "../../src/config/addresses.ts";
import { withinPool } from "../../src/config/pools.ts";
import { rangesText } from "../../src/ledger/address.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

const subnet = "10.244.1.0/24";
const ipamWith = (keys: object) =>
  parseNetworkConfig(configWith({ ipam: { subnet, ...keys } })).ipam;

describe("what is wrong with pools and times", () => {
  test.each<[string, object, string]>([
    ["outside the ranges", { pools: { db: ["10.9.0.0/24"] } }, "ipam.pools.db: 10.9.0.0/24 lies"],
    ["host bits", { pools: { db: ["10.244.1.9/24"] } }, "ipam.pools.db[0]: "],
    ["not an address", { pools: { db: ["db"] } }, 'ipam.pools.db[0]: "db" is not an IP address'],
    ["the default's name", { pools: { default: ["10.244.1.9"] } }, "ipam.pools.default: "],
    ["no name", { pools: { "a b": ["10.244.1.9"] } }, 'ipam.pools.a b: "a b" cannot name a pool'],
    ["an empty one", { pools: { db: [] } }, "ipam.pools.db: "],
    [
      "an address in two",
      { pools: { a: ["10.244.1.8/30"], b: ["10.244.1.9"] } },
      "ipam.pools.b: 10.244.1.9/32 overlaps 10.244.1.8/30 of ipam.pools.a",
    ],
    ...["0s", "1", "h", "1.5h", "-1h", "366d", "1w", "1h "].map(
      (stickyFor): [string, object, string] => [
        `stickyFor ${stickyFor}`,
        { stickyFor },
        `ipam.stickyFor: ${JSON.stringify(stickyFor)} is no time`,
      ],
    ),
  ])("%s", (_, keys, start) => {
    const error = errorOf(() => ipamWith(keys));
    expect(error.code).toBe(7);
    expect(error.message).toStartWith(start);
  });
});

test.each<[string, number]>([
  ["1s", 1000],
  ["90m", 5_400_000],
  ["1h", 3_600_000],
  ["365d", 31_536_000_000],
])("stickyFor %p", (stickyFor, ms) => {
  expect(ipamWith({ stickyFor }).stickyMs).toBe(ms);
});

test("a pool's part of a range", () => {
  const { sets, pools } = ipamWith({
    rangeStart: "10.244.1.10",
    pools: { db: ["10.244.1.8/29", "10.244.1.40"] },
  });
  expect(rangesText(withinPool(sets.flat(), pools.db ?? []))).toBe(
    "10.244.1.10-10.244.1.15, 10.244.1.40-10.244.1.40",
  );
});

describe("what a pod asks for", () => {
  const ipam = ipamWith({ stickyFor: "1h", pools: { db: ["10.244.1.8/29"] } });
  const none = { annotations: {}, ips: [], arg: undefined };
  const texts = (asked: Partial<typeof none> & { arg?: string }) => {
    const { requested, ...rest } = addressAskOf(ipam, { ...none, ...asked });
    return { requested: requested.map(formatIp), ...rest };
  };
  const nothing = {
    requested: [] as string[],
    pool: null as string | null,
    stickyMs: null as number | null,
  };
  const hour = 3_600_000;
  test.each<[string, object, Partial<typeof nothing>]>([
    ["nothing", {}, {}],
    ["by CNI_ARGS: not kept", { arg: "10.244.1.5" }, { requested: ["10.244.1.5"] }],
    [
      "by the runtime and CNI_ARGS, the same",
      { ips: ["10.244.1.5/24"], arg: "10.244.1.5" },
      { requested: ["10.244.1.5"] },
    ],
    [
      "by annotation, both families",
      { annotations: { "fairway.dev/ip": "10.244.1.5 , fd00::5" } },
      { requested: ["10.244.1.5", "fd00::5"], stickyMs: hour },
    ],
    ["a pool", { annotations: { "fairway.dev/ip-pool": "db" } }, { pool: "db", stickyMs: hour }],
    [
      "the default pool",
      { annotations: { "fairway.dev/ip-pool": "default" } },
      { pool: "default", stickyMs: hour },
    ],
  ])("%s", (_, asked, expected) => {
    expect(texts(asked)).toEqual({ ...nothing, ...expected });
  });

  test.each<[string, object, string]>([
    [
      "a name",
      { annotations: { "fairway.dev/ip": "here" } },
      'fairway.dev/ip: "here" is not an IP',
    ],
    ["nothing", { annotations: { "fairway.dev/ip": "" } }, 'fairway.dev/ip: "" is not an IP'],
    [
      "two of one family",
      { annotations: { "fairway.dev/ip": "10.244.1.5,10.244.1.6" } },
      'fairway.dev/ip: "10.244.1.5,10.244.1.6" has more than one IPv4 address',
    ],
    [
      "a pool of the prototype's",
      { annotations: { "fairway.dev/ip-pool": "constructor" } },
      'fairway.dev/ip-pool: "constructor" is no pool of this network',
    ],
  ])("%s is refused", (_, asked, start) => {
    const error = errorOf(() => texts(asked));
    expect(error.code).toBe(7);
    expect(error.message).toStartWith(start);
  });
});
