import { describe, expect, test } from "bun:test";
import { gatewaysToRemove, withGateways } from "../../src/plan/gateways.ts";
import { networkWith } from "./samples.ts";

describe("a network with gateways of a former configuration", () => {
  const masquerade = { subnets: ["10.1.0.0/24"], except: [] };
  const base = networkWith({ gateways: ["10.1.0.1/24"], masquerade });
  const cases: [title: string, former: string[], gateways: string[], subnets: string[]][] = [
    ["none", [], ["10.1.0.1/24"], ["10.1.0.0/24"]],
    [
      "another subnet",
      ["10.2.3.1/23"],
      ["10.1.0.1/24", "10.2.3.1/23"],
      ["10.1.0.0/24", "10.2.2.0/23"],
    ],
    ["a narrower one", ["10.1.0.1/25"], ["10.1.0.1/24", "10.1.0.1/25"], ["10.1.0.0/24"]],
    [
      "two gateways of one subnet",
      ["10.2.0.1/24", "10.2.0.2/24"],
      ["10.1.0.1/24", "10.2.0.1/24", "10.2.0.2/24"],
      ["10.1.0.0/24", "10.2.0.0/24"],
    ],
    ["IPv6", ["fd00:2::1/64"], ["10.1.0.1/24", "fd00:2::1/64"], ["10.1.0.0/24", "fd00:2::/64"]],
  ];
  test.each(cases)("%s", (_, former, gateways, subnets) => {
    expect(withGateways(base, former)).toEqual({
      ...base,
      gateways,
      masquerade: { subnets, except: [] },
    });
  });

  test("without masquerade has none", () => {
    expect(withGateways({ ...base, masquerade: null }, ["10.2.0.1/24"]).masquerade).toBeNull();
  });
});

describe("of the bridge's addresses are to go", () => {
  const former = ["10.1.0.1/24", "fd00:1::1/64"];
  const cases: [title: string, present: string[], gone: [cidr: string, keepsOthers: boolean][]][] =
    [
      ["none that is not there", ["10.2.0.1/24"], []],
      [
        "the former ones",
        [...former, "10.2.0.1/24"],
        [
          ["10.1.0.1/24", false],
          ["fd00:1::1/64", false],
        ],
      ],
      ["one with others of its subnet", ["10.1.0.1/24", "10.1.0.9/24"], [["10.1.0.1/24", true]]],
      [
        "one with others of a wider subnet",
        ["10.1.0.1/24", "10.1.0.1/23"],
        [["10.1.0.1/24", false]],
      ],
      [
        "one of IPv6 with others of its subnet",
        ["fd00:1::1/64", "fd00:1::9/64"],
        [["fd00:1::1/64", false]],
      ],
    ];
  test.each(cases)("%s", (_, present, gone) => {
    const found = gatewaysToRemove("fw0", former, present);
    expect(found.map(({ cidr, keepsOthers = false }) => [cidr, keepsOthers])).toEqual(gone);
  });
});
