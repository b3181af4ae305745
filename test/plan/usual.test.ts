/** What a link's settings are when it is made, and what it takes to have them so again. */
import { expect, test } from "bun:test";
import { batchesOf } from "../../src/kernel/effects.ts";
import { differences } from "../../src/plan/diff.ts";
import { linesOf } from "../../src/plan/render.ts";
import type { KernelObject } from "../../src/plan/state.ts";
import { unusual } from "../../src/plan/usual.ts";

const bridge = {
  kind: "bridge",
  name: "fw0",
  mac: "02:00:00:00:00:01",
  mtuBytes: 1500,
  up: true,
} as const;
const want: KernelObject = { ...bridge, unusual: "" };
const have: KernelObject = {
  ...bridge,
  unusual: unusual("bridge", { arp: "on", master: "vrf9", stp_state: "0", vlan_filtering: "1" }),
};

test("what is otherwise is told by ip's words, what is not told is as it should be", () => {
  expect(unusual("bridge", { arp: "on", stp_state: "0" })).toBe("");
  expect(unusual("port", { isolated: "on", learning: "off" })).toBe("learning off, isolated on");
});

test("a bridge in a VRF that filters by VLAN is named", () => {
  expect(differences(want, have)).toEqual([
    "master is vrf9, should be none",
    "vlan_filtering is 1, should be 0",
  ]);
});

test("and taken back, by lines and by messages, one for each place", () => {
  const step = { op: "change", owner: "base", why: "", want, have } as const;
  const lines = linesOf(step).map(({ text }) => text);
  expect(lines.slice(1)).toEqual([
    "link set dev fw0 nomaster",
    "link set dev fw0 type bridge vlan_filtering 0",
  ]);
  expect(batchesOf([step], "netlink").flat().slice(1)).toEqual([
    expect.objectContaining({ by: "netlink" }),
    expect.objectContaining({ by: "netlink" }),
  ]);
});

test("and back again, where a repair is undone", () => {
  const step = { op: "change", owner: "base", why: "", want: have, have: want } as const;
  expect(
    linesOf(step)
      .map(({ text }) => text)
      .slice(1),
  ).toEqual(["link set dev fw0 master vrf9", "link set dev fw0 type bridge vlan_filtering 1"]);
});
