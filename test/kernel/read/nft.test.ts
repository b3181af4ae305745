/** What nft 1.0.6 tells of our table (fixtures/table.json, `nft -j list table inet fairway`), read. */
import { describe, expect, test } from "bun:test";
import { tableOf } from "../../../src/kernel/read/nft.ts";
import { desiredNode } from "../../../src/plan/desired.ts";
import { differences } from "../../../src/plan/differences.ts";
import { stateOf } from "../../../src/plan/state.ts";
import { inputOf, networkWith, podWith } from "../../plan/samples.ts";
import table from "./fixtures/table.json";

type Items = Parameters<typeof tableOf>[0];
const items = table.nftables as Items;
const { ruleset, elements } = tableOf(items);

describe("a table", () => {
  test("has its sets and maps, in their order", () => {
    expect(ruleset.sets).toEqual([
      { name: "class4", kind: "map", spec: "" },
      { name: "hostports", kind: "map", spec: "" },
      { name: "masq4", kind: "set", spec: "" },
      { name: "nomasq4", kind: "set", spec: "" },
    ]);
  });

  test("has its elements in our own words: prefixes, pairs, single addresses, ports", () => {
    expect(elements.map(({ set, key, value }) => [set, key, value])).toEqual([
      ["class4", "10.1.0.2", "fa01:10"],
      ["hostports", "10250", "fa01:3"],
      ["masq4", "10.1.0.0/24", null],
      ["nomasq4", "10.1.0.0/24 . 198.18.0.0/16", null],
      ["nomasq4", "10.1.0.0/24 . 192.0.2.1", null],
    ]);
  });

  test("has its chains with the comments of their rules", () => {
    expect(
      ruleset.chains.map(({ name, type, hook, priority }) => [name, type, hook, priority]),
    ).toEqual([
      ["classify", "filter", "postrouting", -150],
      ["source-nat", "nat", "postrouting", 100],
      ["host-ingress", "filter", "input", -150],
    ]);
    const names = ruleset.chains.map((c) => c.rules.map((r) => r.id.split(" ")[1]));
    expect(names).toEqual([
      // The last was put there by hand.
      ["egress", "from-host", "host-dport", "host-sport", "east-west", "ingress", "rule"],
      ["nat-east-west", "nat-except", "nat"],
      ["host-others", "host-small", "host-police"],
    ]);
    expect(ruleset.chains[0]?.rules.at(-1)?.id).toBe("a rule of somebody else's");
  });

  test("has the elements that were desired", () => {
    const network = networkWith({
      antiSpoof: false,
      masquerade: { subnets: ["10.1.0.0/24"], except: ["198.18.0.0/16", "192.0.2.1"] },
    });
    const kubelet = { name: "kubelet", ports: [10_250], egressGuaranteeBits: 10e6 };
    const settings = { ...network.trees, hostClasses: [kubelet] };
    const pod = podWith(0x10);
    const desired = desiredNode(inputOf([{ ...network, trees: settings }], [pod]), [pod]);
    const wanted = [...desired].filter(([, { object }]) => object.kind === "element");
    const found = stateOf(elements.map((object) => ({ owner: "base", object })));
    expect([...found.keys()].sort()).toEqual(wanted.map(([key]) => key).sort());
    for (const [key, { object }] of wanted)
      expect(differences(object, found.get(key)?.object ?? ruleset)).toEqual([]);
  });

  test("differs by a rule that was put there by hand, and not without it", () => {
    const without = tableOf(
      items.filter((item) => item.rule === undefined || item.rule.comment !== undefined),
    ).ruleset;
    expect(differences(without, without)).toEqual([]);
    expect(differences(without, ruleset)).toEqual([
      expect.stringContaining("rules of chain classify"),
    ]);
  });
});

describe("what else nft may say", () => {
  const set = (elem: unknown): Items => [{ set: { name: "s", elem } }] as Items;
  test.each<[string, Items, [string, string | null][]]>([
    ["a range", set([{ range: ["10.0.0.1", "10.0.0.9"] }]), [["10.0.0.1-10.0.0.9", null]]],
    [
      "an element with more to it",
      set([{ elem: { val: "10.0.0.1", comment: "x" } }]),
      [["10.0.0.1", null]],
    ],
    ["a set without elements", set(undefined), []],
    [
      "a map's element",
      [{ map: { name: "s", elem: [["10.0.0.1", "fa01:10"]] } }],
      [["10.0.0.1", "fa01:10"]],
    ],
    [
      "networks and addresses of IPv6",
      set([
        { prefix: { addr: "fd00:1::", len: 64 } },
        "fd00:2::5",
        { concat: [{ prefix: { addr: "fd00:1::", len: 64 } }, "fd00:9::1"] },
      ]),
      [
        ["fd00:1::/64", null],
        ["fd00:2::5", null],
        ["fd00:1::/64 . fd00:9::1", null],
      ],
    ],
    ["nothing", [], []],
  ])("%s", (_, given, expected) => {
    expect(tableOf(given).elements.map(({ key, value }) => [key, value])).toEqual(expected);
  });

  test("a chain without a hook, and a rule of a chain that is not listed", () => {
    const { ruleset: found } = tableOf([
      { chain: { name: "plain" } },
      { rule: { chain: "gone", comment: "x" } },
    ]);
    expect(found.chains).toEqual([
      { name: "plain", type: "none", hook: "none", priority: 0, rules: [] },
    ]);
  });
});
