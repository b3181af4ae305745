/** The table of "Precedence" in docs/config.md: the same rows, and each cell is proven to go before all that follow. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tier } from "../../src/config/types.ts";
import type { Direction, PodPromise } from "../../src/plan/node.ts";
import { type Asks, promiseOf } from "../../src/promise/ask.ts";
import { rulesWith } from "../config/support.ts";

/** What one source alone says. */
type Saying = Partial<Asks>;

interface Source {
  /** The cell of the table. */
  title: string;
  says: (direction: Direction) => Saying;
  gives: unknown;
}

interface Row {
  field: string;
  of: (promise: PodPromise, direction: Direction) => unknown;
  /** Strongest first. */
  sources: Source[];
}

const annotated = (key: string, value: string): Saying => ({ annotations: { [key]: value } });
const inDirection =
  (family: string, value: string) =>
  (direction: Direction): Saying =>
    annotated(family.replace("*", direction), value);
const empty: Tier = { egress: {}, ingress: {} };
const ofTier = (tier: Partial<Tier>): Saying => ({
  tiers: { t: { ...empty, ...tier } },
  defaultTier: "t",
});

const table: Row[] = [
  {
    field: "tier",
    of: ({ tier }) => tier,
    sources: [
      {
        title: "`fairway.dev/tier`",
        says: () => ({ ...annotated("fairway.dev/tier", "picked"), tiers: { picked: empty } }),
        gives: "picked",
      },
      {
        title: "`bandwidth.cilium.io/priority`",
        says: () => ({
          ...annotated("bandwidth.cilium.io/priority", "burstable"),
          tiers: { burstable: empty },
        }),
        gives: "burstable",
      },
      {
        title: "`defaultTier`",
        says: () => ({ tiers: { usual: empty }, defaultTier: "usual" }),
        gives: "usual",
      },
    ],
  },
  {
    field: "guarantee",
    of: (promise, direction) => promise[direction].guaranteeBits,
    sources: [
      {
        title: "`fairway.dev/*-guarantee`",
        says: inDirection("fairway.dev/*-guarantee", "3M"),
        gives: 3e6,
      },
      {
        title: "the tier",
        says: (direction) => ofTier({ [direction]: { guaranteeBits: 5e6 } }),
        gives: 5e6,
      },
    ],
  },
  {
    field: "limit",
    of: (promise, direction) => promise[direction].limitBits,
    sources: [
      {
        title: "`fairway.dev/*-limit`",
        says: inDirection("fairway.dev/*-limit", "1M"),
        gives: 1e6,
      },
      {
        title: "`kubernetes.io/*-bandwidth`",
        says: inDirection("kubernetes.io/*-bandwidth", "2M"),
        gives: 2e6,
      },
      {
        title: "`bandwidth` capability",
        says: (direction) => ({ bandwidth: { [`${direction}RateBits`]: 3e6 } }),
        gives: 3e6,
      },
      {
        title: "the tier",
        says: (direction) => ofTier({ [direction]: { limitBits: 4e6 } }),
        gives: 4e6,
      },
      {
        title: "`policy`'s maximum",
        says: (direction) => ({
          rules: rulesWith({
            [direction === "egress" ? "maxEgressLimit" : "maxIngressLimit"]: "5M",
          }),
        }),
        gives: 5e6,
      },
    ],
  },
  {
    field: "burst",
    of: (promise, direction) => promise[direction].burstBytes,
    sources: [
      {
        title: "`fairway.dev/*-burst`",
        says: inDirection("fairway.dev/*-burst", "90000"),
        gives: 90_000,
      },
      {
        title: "`bandwidth` capability",
        says: (direction) => ({
          bandwidth: { [`${direction}RateBits`]: 1e9, [`${direction}BurstBits`]: 8 * 70_000 },
        }),
        gives: 70_000,
      },
      {
        title: "the tier",
        says: (direction) => ofTier({ [direction]: { burst: { kind: "size", bytes: 80_000 } } }),
        gives: 80_000,
      },
    ],
  },
  {
    field: "latency target",
    of: ({ latencyTargetUs }) => latencyTargetUs,
    sources: [
      {
        title: "`fairway.dev/latency-target`",
        says: () => ({
          annotations: {
            "fairway.dev/latency-target": "2ms",
            "fairway.dev/egress-guarantee": "1M",
          },
        }),
        gives: 2_000,
      },
      {
        title: "the tier",
        says: () => ofTier({ egress: { guaranteeBits: 1e6 }, latencyTargetUs: 7_000 }),
        gives: 7_000,
      },
    ],
  },
];

function together(sayings: Saying[]): Asks {
  const merged = <K extends "annotations" | "bandwidth" | "tiers">(key: K) =>
    Object.assign({}, ...sayings.map((each) => each[key])) as NonNullable<Asks[K]>;
  return {
    annotations: merged("annotations"),
    bandwidth: merged("bandwidth"),
    tiers: merged("tiers"),
    rules: sayings.find((each) => each.rules !== undefined)?.rules ?? null,
    defaultTier: sayings.find((each) => each.defaultTier !== undefined)?.defaultTier ?? null,
  };
}

const cases = table.flatMap((row) =>
  row.sources.flatMap((source, at) =>
    (["egress", "ingress"] as const).map((direction): [string, string, Direction, Row, number] => [
      row.field,
      source.title,
      direction,
      row,
      at,
    ]),
  ),
);

describe("precedence", () => {
  test.each(cases)("%s: %s goes before all that follow, %s", (_, __, direction, row, at) => {
    const sayings = row.sources.slice(at).map(({ says }) => says(direction));
    const promise = promiseOf(together(sayings));
    expect(row.of(promise, direction)).toEqual(row.sources[at]?.gives);
  });

  test("the documentation has the same table", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/config.md"), "utf8");
    const section = text.slice(text.indexOf("## Precedence"), text.indexOf("## Chained"));
    const rows = section
      .split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (field|---) /.test(line))
      .map((line) => line.split("|").flatMap((cell) => (cell.trim() === "" ? [] : cell.trim())));
    expect(rows).toEqual(
      table.map(({ field, sources }) => [field, ...sources.map((s) => s.title)]),
    );
  });
});
