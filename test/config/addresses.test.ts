import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as addresses from "../../src/config/addresses.ts";
import { errorOf } from "./support.ts";

const key = "ipam.gateway";

describe("addresses", () => {
  test.each([
    ["0.0.0.0", 0n],
    ["10.244.1.1", 0x0af40101n],
    ["255.255.255.255", 0xffffffffn],
  ])("%p is IPv4 and reads back", (text, value) => {
    const ip = addresses.parseIp(text, key);
    expect(ip).toEqual({ family: 4, value });
    expect(addresses.formatIp(ip)).toBe(text);
  });

  test.each([
    ["::", 0n, "::"],
    ["::1", 1n, "::1"],
    ["FD00:0:0:0:0:0:0:1", (0xfdn << 120n) | 1n, "fd00::1"],
    ["2001:db8:0:0:1:0:0:1", 0x20010db8000000000001000000000001n, "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", 0x20010db8000000010001000100010001n, "2001:db8:0:1:1:1:1:1"],
    // As the tools print them, and RFC 5952 (section 5) recommends.
    ["::ffff:a00:1", 0xffff0a000001n, "::ffff:10.0.0.1"],
    ["::a00:1", 0x0a000001n, "::10.0.0.1"],
    ["::ffff", 0xffffn, "::ffff"],
    ["fd00:0:0:1:0:0:0:1", (0xfdn << 120n) | (1n << 64n) | 1n, "fd00:0:0:1::1"],
    ["1:0:0:2:0:0:3:4", 0x00010000000000020000000000030004n, "1::2:0:0:3:4"],
    ["1:2:3:4:5:6:7:0", 0x00010002000300040005000600070000n, "1:2:3:4:5:6:7:0"],
    ["1:2:3:4:5:6:0:0", 0x00010002000300040005000600000000n, "1:2:3:4:5:6::"],
  ])("%p is IPv6, written as RFC 5952 has it", (text, value, canonical) => {
    const ip = addresses.parseIp(text, key);
    expect(ip).toEqual({ family: 6, value });
    expect(addresses.formatIp(ip)).toBe(canonical);
  });

  test.each([
    "",
    "10.0.0",
    "10.0.0.0.1",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.1 ",
    "10.0.0.-1",
    "10.0.0.1/24",
    "0x0a.0.0.1",
    "fe80::1%eth0",
    "1::2::3",
    ":::",
    "12345::",
    "fd00",
    "g::1",
    "localhost",
  ])("%p is refused, naming the key", (text) => {
    const error = errorOf(() => addresses.parseIp(text, key));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toBe(`ipam.gateway: ${JSON.stringify(text)} is not an IP address`);
  });

  test("every IPv4 and IPv6 number reads back", () => {
    const v4 = fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ({ family: 4 as const, value }));
    const v6 = fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ({ family: 6 as const, value }));
    fc.assert(
      fc.property(fc.oneof(v4, v6), (ip) => {
        expect(addresses.parseIp(addresses.formatIp(ip), key)).toEqual(ip);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("networks", () => {
  test.each(["10.244.1.0/24", "0.0.0.0/0", "10.0.0.1/32", "fd00::/64", "::/0"])(
    "%p reads back",
    (text) => {
      expect(addresses.formatCidr(addresses.parseCidr(text, "ipam.subnet"))).toBe(text);
    },
  );

  test.each([
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["10.1.2.3/0", "0.0.0.0/0"],
    ["fd00::1/64", "fd00::/64"],
  ])("%p has host bits, and the error names %p", (text, network) => {
    const error = errorOf(() => addresses.parseCidr(text, "ipam.subnet"));
    expect(error.message).toContain(`ipam.subnet: "${text}"`);
    expect(error.details).toContain(network);
  });

  test.each([
    ["10.0.0.0", "is not an address with a prefix length"],
    ["10.0.0.0/", "is not an address with a prefix length"],
    ["10.0.0.0/024", "is not an address with a prefix length"],
    ["10.0.0.0/255.0.0.0", "is not an address with a prefix length"],
    ["10.0.0.0/-1", "is not an address with a prefix length"],
    ["300.0.0.0/8", "is not an address with a prefix length"],
    ["10.0.0.0/33", "has a prefix length above 32"],
    ["fd00::/129", "has a prefix length above 128"],
  ])("%p is refused: %s", (text, problem) => {
    const error = errorOf(() => addresses.parseCidr(text, "ipam.subnet"));
    expect(error.message).toContain(problem);
    expect(error.kind).toBe("badConfig");
  });

  test("an address with a prefix keeps its host bits, and lies in its network", () => {
    const { ip, prefixLength } = addresses.parsePrefixedIp("10.244.1.7/24", "ips[0]");
    expect(addresses.formatIp(ip)).toBe("10.244.1.7");
    const network = addresses.networkOf(ip, prefixLength);
    expect(addresses.formatCidr(network)).toBe("10.244.1.0/24");
    expect(addresses.lastAddress(network)).toBe(addresses.parseIp("10.244.1.255", key).value);
  });

  const cidr = (text: string) => addresses.parseCidr(text, "cidr");
  test.each([
    ["10.0.0.0/24", "10.0.0.0", true],
    ["10.0.0.0/24", "10.0.0.255", true],
    ["10.0.0.0/24", "10.0.1.0", false],
    ["10.0.1.0/24", "10.0.0.255", false],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["::/0", "10.0.0.1", false],
    ["fd00::/64", "fd00::ffff", true],
  ])("%p contains %p: %p", (network, ip, expected) => {
    expect(addresses.contains(cidr(network), addresses.parseIp(ip, key))).toBe(expected);
  });

  test.each([
    ["10.0.0.0/8", "10.1.0.0/16", true],
    ["10.0.0.0/24", "10.0.1.0/24", false],
    ["10.0.0.0/24", "10.0.0.0/24", true],
    ["0.0.0.0/0", "::/0", false],
    ["fd00::/8", "fd00:1::/32", true],
  ])("%p overlaps %p: %p, either way round", (a, b, expected) => {
    expect(addresses.overlaps(cidr(a), cidr(b))).toBe(expected);
    expect(addresses.overlaps(cidr(b), cidr(a))).toBe(expected);
  });
});
