import { describe, expect, test } from "bun:test";
import { decodeKey, encodeKey } from "../../../src/kernel/read/guard-keys.ts";
import { guardElements } from "../../../src/plan/guard.ts";
import { podWith } from "../../plan/samples.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** "fwv10", as IFNAMSIZ bytes. */
const port = `6677763130${"00".repeat(11)}`;

describe("a key", () => {
  // As `nft --debug=netlink` shows them, each field in whole words of four bytes.
  test.each([
    ["own4", "fwv10 . 0a:58:0a:01:00:02 . 10.1.0.2", `${port}0a580a01000200000a010002`],
    [
      "own6",
      "fwv10 . 0a:58:0a:01:00:02 . fe80::1",
      `${port}0a580a0100020000fe800000000000000000000000000001`,
    ],
    ["ownmac", "fwv10 . 0x0a580a010002", `${port}0a580a0100020000`],
    [
      "owntarget",
      "fwv10 . 0xfe800000000000000000000000000001",
      `${port}fe800000000000000000000000000001`,
    ],
    ["violations", "fwv10", port],
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
    expect(decodeKey("class4", new Uint8Array(4))).toBeNull();
    expect(() => encodeKey("class4", "10.1.0.2")).toThrow("no set class4");
  });
});
