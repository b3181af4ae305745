import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { judgeHeld, judgeTiers } from "../../../src/ops/doctor/promises.ts";
import { admit } from "../../../src/promise/admission.ts";

const tree = (megabits: number, reserveMegabits: number) =>
  ({
    direction: "egress",
    capacityBits: megabits * 1e6,
    reserveBits: reserveMegabits * 1e6,
    hosts: [],
  }) as const;

describe("promises", () => {
  const held = (...megabits: number[]) =>
    megabits.map((m, i) => ({ holder: `p${i}`, guaranteeBits: m * 1e6 }));
  test.each([
    ["none", held(), "ok", "380Mbit/s free"],
    ["exactly all", held(200, 180), "ok", "0bit/s free"],
    ["beside best-effort pods", held(200, 0, 0), "ok", "180Mbit/s free"],
    ["more than there is", held(200, 250), "error", "70Mbit/s too much"],
  ] as const)("%s", (_, holders, level, says) => {
    expect(judgeHeld(tree(400, 20), holders, { scales: false, isSet: false })).toMatchObject({
      level,
      found: expect.stringContaining(says),
    });
  });

  test.each([
    [false, "raise uplink.egressCapacity if the link can do more, which the next ADD"],
    [true, "`fairway set-capacity --egress RATE`, or take back what was set (`--egress -`)"],
  ])("more than there is, the capacity set at run time: %p", (isSet, advice) => {
    const { todo } = judgeHeld(tree(400, 20), held(500), { scales: false, isSet });
    expect(todo).toContain(advice);
  });

  test("with overcommit scale more than there is is no error, and said", () => {
    expect(judgeHeld(tree(400, 20), held(500), { scales: true, isSet: false })).toMatchObject({
      level: "ok",
      found: expect.stringContaining("120Mbit/s too much, so guarantees are scaled"),
    });
  });

  test("fit if and only if the last of them would be admitted beside the others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.nat(500)), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(100),
        (megabits, capacity, percent) => {
          const t = tree(capacity, Math.floor((capacity * percent) / 100));
          const all = held(...megabits);
          const [last] = all
            .slice(-1)
            .map(({ holder, guaranteeBits: askedBits }) =>
              admit({ ...t, held: all, holder, askedBits }),
            );
          return (judgeHeld(t, all, { scales: false, isSet: false }).level === "ok") === last?.ok;
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("a tier that exceeds the node alone is named, with what there is", () => {
  const tiers = {
    none: { egress: {}, ingress: {} },
    fits: { egress: { guaranteeBits: 380e6 }, ingress: {} },
    much: { egress: { guaranteeBits: 381e6 }, ingress: {} },
  };
  const notSet = { egressBits: null, ingressBits: null };
  const found = judgeTiers(tiers, [tree(400, 20)], notSet);
  expect(found.map(({ id, level }) => `${id} ${level}`)).toEqual([
    "tiers.none ok",
    "tiers.fits ok",
    "tiers.much error",
  ]);
  expect(found[2]?.found).toContain("egress guarantee of 381Mbit/s exceeds the 380Mbit/s");
  expect(found[2]?.todo).toEndWith("or raise uplink.egressCapacity if the link can do more");
  // The host's own classes are there on an empty node, too.
  const hosts = [{ holder: "host class storage", guaranteeBits: 100e6 }];
  const beside = judgeTiers(tiers, [{ ...tree(400, 20), hosts }], notSet);
  expect(beside[1]?.found).toContain("egress guarantee of 380Mbit/s exceeds the 280Mbit/s");
  const atSet = judgeTiers(tiers, [tree(400, 20)], { ...notSet, egressBits: 400e6 });
  expect(atSet[2]?.todo).toContain("or take back what was set (`--egress -`)");
});
