import { describe, expect, test } from "bun:test";
import {
  after,
  before,
  decodeKey,
  decodeRun,
  encodeKey,
  encodeRun,
} from "../../src/kernel/set-keys.ts";
import { guardElements } from "../../src/plan/guard.ts";
import { podWith } from "../plan/samples.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** "fwv10", as IFNAMSIZ bytes. */
const port = `6677763130${"00".repeat(11)}`;

describe("a run of addresses", () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
  test.each([
    ["masq4", "0a010000", "0a0100ff", "10.1.0.0/24"],
    ["masq4", "0a010007", "0a010007", "10.1.0.7"],
    ["masq4", "0a010000", "0a010102", "10.1.0.0-10.1.1.2"],
    ["masq4", "00000000", "ffffffff", "0.0.0.0/0"],
    ["masq6", `fd00${"00".repeat(14)}`, `fd00${"ff".repeat(14)}`, "fd00::/16"],
    ["nomasq4", "0a010000c6120000", "0a0100ffc613ffff", "10.1.0.0/24 . 198.18.0.0/15"],
    [
      "nomasq6",
      `fd00${"00".repeat(30)}`,
      `fd00${"ff".repeat(14)}${"ff".repeat(16)}`,
      "fd00::/16 . ::/0",
    ],
  ])("of %s is told as nft tells it, and back", (set, first, last, told) => {
    expect(decodeRun(set, bytes(first), bytes(last))).toBe(told);
    expect(encodeRun(set, told)).toEqual([bytes(first), bytes(last)]);
  });

  test("of a block is all of it, wherever in it the address lies", () => {
    expect(encodeRun("masq4", "10.1.3.9/22").map(hex)).toEqual(["0a010000", "0a0103ff"]);
  });

  test.each([
    ["0a010000", "0a00ffff"],
    ["00000000", "ffffffff"],
  ])("%s has %s before it", (address, expected) => {
    expect(hex(before(bytes(address)))).toBe(expected);
  });

  test.each([
    ["0a00ffff", "0a010000"],
    ["ffffffff", null],
  ])("%s has %p behind it", (address, expected) => {
    const found = after(bytes(address));
    expect(found === null ? null : hex(found)).toBe(expected);
  });
});

describe("a key", () => {
  // As `nft --debug=netlink` shows them, each field in whole words of four bytes.
  test.each([
    ["own4", "fwv10 . 0a:58:0a:01:00:02 . 10.1.0.2", `${port}0a580a01000200000a010002`],
    [
      "own6",
      "fwv10 . 0a:58:0a:01:00:02 . fe80::1",
      `${port}0a580a0100020000fe800000000000000000000000000001`,
    ],
    ["podmac", "0a:58:0a:01:00:02", "0a580a010002"],
    ["ownmac", "fwv10 . 0x0a580a010002", `${port}0a580a0100020000`],
    [
      "owntarget",
      "fwv10 . 0xfe800000000000000000000000000001",
      `${port}fe800000000000000000000000000001`,
    ],
    ["violations", "fwv10", port],
    ["class4", "10.1.0.2", "0a010002"],
    ["class6", "fd00::5", "fd000000000000000000000000000005"],
    ["hostports", "6443", "192b"],
  ])("of %s is bytes, and back", (set, key, bytes) => {
    expect(hex(encodeKey(set, key))).toBe(bytes);
    expect(decodeKey(set, encodeKey(set, key))).toBe(key);
  });

  test("of every element of a pod comes back as it was", () => {
    const leases = ["10.1.0.2", "fd00::5"].map((address) => ({
      address,
      prefixLength: 24,
      gateway: null,
    }));
    const elements = guardElements(podWith(0xf9ff, { leases, podMac: "0a:58:0a:01:00:02" }));
    expect(elements.length).toBeGreaterThan(5);
    for (const { set, key } of elements) expect(decodeKey(set, encodeKey(set, key))).toBe(key);
  });

  test("of another length is none", () => {
    expect(decodeKey("own4", new Uint8Array(16))).toBeNull();
    expect(decodeKey("class4", new Uint8Array(16))).toBeNull();
    expect(() => encodeKey("others", "10.1.0.2")).toThrow("no set others");
  });
});
