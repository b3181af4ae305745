import { describe, expect, test } from "bun:test";
import { guardElements, guardRuleset, guardSets, linkLocal } from "../../src/plan/guard.ts";
import { bytesOfIp, ipOfBytes } from "../../src/plan/ip.ts";
import {
  guardTable,
  hostVethPattern,
  ownMacSet,
  podMacSet,
  tableOfSet,
} from "../../src/plan/names.ts";
import { ruleset } from "../../src/plan/ruleset.ts";
import { networkWith, podWith } from "./samples.ts";

const { sets, chains } = guardRuleset();
const rules = chains.flatMap((chain) => chain.rules);

describe("the table", () => {
  test("speaks of no set that it does not have, and of all that it has", () => {
    const spoken = rules.flatMap(({ text }) =>
      [...text.matchAll(/@([a-z]\w+\b)(?!,)/g)].map((m) => m[1] ?? ""),
    );
    expect([...new Set(spoken)].sort()).toEqual(sets.map(({ name }) => name).sort());
  });

  test("shares no set's name with the other, so that a name tells the table", () => {
    for (const { name } of guardSets) expect(tableOfSet(name)).toBe(guardTable);
    const { sets } = ruleset({
      place: networkWith().ingress,
      masquerades: true,
      hostPolice: null,
    });
    for (const { name } of sets) expect(tableOfSet(name)).not.toBe(guardTable);
  });

  test("lets others than pods pass first, and nothing of a pod at last", () => {
    const guard = chains.find(({ hook }) => hook === "prerouting");
    expect(guard?.rules[0]?.text).toBe(`iifname != "${hostVethPattern}" accept`);
    expect(guard?.rules.at(-1)?.text).toEndWith("drop");
  });

  test("drops of what is bridged nothing but a pod's own multicast on its way back to it", () => {
    const forward = chains.filter(({ hook }) => hook === "forward").flatMap((chain) => chain.rules);
    expect(forward.map(({ text }) => text)).toEqual([
      `ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 oifname . @ll,48,48 @${ownMacSet} drop`,
    ]);
  });

  test("drops of what is for the host nothing but what is for a pod", () => {
    const input = chains.filter(({ hook }) => hook === "input").flatMap((chain) => chain.rules);
    expect(input.map(({ text }) => text)).toEqual([
      `meta pkttype host ether daddr @${podMacSet} drop`,
    ]);
  });

  test("accepts by what a pod has alone", () => {
    const accepting = rules.filter(({ text }) => text.endsWith("accept")).slice(1);
    expect(accepting.length).toBeGreaterThan(10);
    for (const { text } of accepting)
      if (!text.startsWith("iifname !="))
        expect(text).toMatch(/^ether type (ip|ip6|arp) .*iifname \. .* @own/);
  });

  test("has comments of its own, short enough for nftables", () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^fairway [\w-]{1,40} [0-9a-f]{8}$/);
  });
});

const lease = (address: string) => ({ address, prefixLength: 24, gateway: null });
const keysWith = (keys: Parameters<typeof podWith>[1]): string[] =>
  guardElements(podWith(0x1f, { podMac: "02:00:00:00:ab:01", ...keys })).map(
    ({ set, key }) => `${set}: ${key}`,
  );

describe("a pod's elements", () => {
  test("are its addresses under its port and MAC, of either family", () => {
    expect(keysWith({ leases: [lease("10.1.0.9"), lease("fd00::9")] })).toEqual([
      "podmac: 02:00:00:00:ab:01",
      "own4: fwv1f . 02:00:00:00:ab:01 . 10.1.0.9",
      "own6: fwv1f . 02:00:00:00:ab:01 . fe80::ff:fe00:ab01",
      "own6: fwv1f . 02:00:00:00:ab:01 . fd00::9",
      "ownmac: fwv1f . 0x02000000ab01",
      "owntarget: fwv1f . 0xfe80000000000000000000fffe00ab01",
      "owntarget: fwv1f . 0xfd000000000000000000000000000009",
      "violations: fwv1f",
    ]);
  });

  test("without IPv4 have none, and with IPv4 alone no IPv6 but the link's", () => {
    expect(keysWith({ leases: [lease("fd00::9")] }).join()).not.toContain("own4");
    expect(
      keysWith({ leases: [lease("10.1.0.9")] }).filter((k) => k.startsWith("own6")),
    ).toHaveLength(1);
  });

  test("are in the letters that the kernel's answers are put in", () => {
    expect(keysWith({ podMac: "02:00:00:00:AB:01" })).toEqual(keysWith({}));
  });
});

test.each([
  ["0a:58:0a:01:00:02", "fe80::858:aff:fe01:2"],
  ["02:00:00:00:00:01", "fe80::ff:fe00:1"],
  ["00:11:22:33:44:55", "fe80::211:22ff:fe33:4455"],
])("the link-local address of %s is %s", (mac, address) => {
  expect(linkLocal(mac)).toBe(address);
});

test.each([
  "10.1.0.2",
  "255.255.255.255",
  "::",
  "::1",
  "fd00::",
  "fe80::858:aff:fe01:2",
  "1:2:3:4:5:6:7:8",
  "::ffff:10.1.0.2",
  "2001:db8:0:1::5",
])("%s as bytes and back", (address) => {
  const bytes = bytesOfIp(address);
  expect(bytes.length).toBe(address.includes(":") ? 16 : 4);
  expect(ipOfBytes(bytes)).toBe(address);
});
