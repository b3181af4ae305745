/** Bytes by hand, as include/uapi/linux/netlink.h lays them out; little-endian. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  Attributes,
  concat,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
} from "../../../src/kernel/netlink/codec.ts";

/** "10 00 | ff" as bytes. */
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));

describe("a message", () => {
  // length 0x12, type RTM_GETLINK, flags REQUEST, sequence 7, port 0; two bytes of body, padded.
  const bytes = hex("12000000 1200 0100 07000000 00000000 abcd 0000");
  const message = { type: 18, flags: 1, sequence: 7, body: hex("abcd") };

  test("is encoded with its length, and padded to four bytes", () => {
    expect(encodeMessage(message)).toEqual(bytes);
  });

  test("is decoded without its padding", () => {
    expect(decodeMessages(bytes)).toEqual([message]);
  });

  test("stands among others", () => {
    const done = hex("14000000 0300 0200 07000000 39300000 00000000");
    expect(
      decodeMessages(concat(bytes, done)).map((m) => [m.type, m.flags, m.body.length]),
    ).toEqual([
      [18, 1, 2],
      [3, 2, 4],
    ]);
    expect(decodeMessages(new Uint8Array())).toEqual([]);
  });

  test("may be the last without its padding", () => {
    expect(decodeMessages(bytes.subarray(0, 18))).toEqual([message]);
  });

  test("is read where it lies in a larger buffer", () => {
    const buffer = concat(hex("ffffff"), bytes);
    expect(decodeMessages(buffer.subarray(3))).toEqual([message]);
  });

  test.each([
    [
      "a length of 0, on which a reader would stay for ever",
      "00000000 1200 0100 07000000 00000000",
    ],
    ["a length below the header's", "0f000000 1200 0100 07000000 00000000"],
    ["a length beyond the buffer", "14000000 1200 0100 07000000 00000000 abcd"],
    ["a length of 4 GiB", "ffffffff 1200 0100 07000000 00000000"],
    [
      "a second message cut short",
      "10000000 1200 0100 07000000 00000000 20000000 1200 0100 07000000 00000000",
    ],
  ])("%s is refused", (_, text) => {
    expect(() => decodeMessages(hex(text))).toThrow(RangeError);
  });
});

describe("an attribute", () => {
  test.each([
    ["of four bytes", 3, "01020304", "0800 0300 01020304"],
    ["of one byte, padded", 3, "01", "0500 0300 01 000000"],
    ["of nothing", 1, "", "0400 0100"],
  ])("%s", (_, type, value, bytes) => {
    expect(encodeAttribute(type, hex(value))).toEqual(hex(bytes));
    expect(new Attributes(hex(bytes)).bytes(type)).toEqual(hex(value));
  });

  test("is read as what it is", () => {
    const attributes = new Attributes(
      hex(
        [
          "0500 0100 07 000000",
          "0800 0200 78563412",
          "0c00 0300 0500000001000000",
          "0900 0400 6574683000 000000",
          "0600 0500 6162 0000",
          // Nested (NLA_F_NESTED 0x8000): one u8 of type 4.
          "0c00 0680 0500 0400 2a 000000",
          // In network byte order (NLA_F_NET_BYTEORDER 0x4000).
          "0500 0740 09 000000",
        ].join(""),
      ),
    );
    expect(attributes.u8(1)).toBe(7);
    expect(attributes.u32(2)).toBe(0x12345678);
    expect(attributes.u64(3)).toBe(2 ** 32 + 5);
    expect(attributes.text(4)).toBe("eth0");
    expect(attributes.text(5)).toBe("ab");
    expect(attributes.nested(6)?.u8(4)).toBe(42);
    expect(attributes.u8(7)).toBe(9);
  });

  test("that is absent is a value", () => {
    const none = new Attributes(new Uint8Array());
    expect([
      none.bytes(1),
      none.u8(1),
      none.u32(1),
      none.u64(1),
      none.text(1),
      none.nested(1),
    ]).toEqual(Array(6).fill(undefined));
  });

  test("comes after a header of its message", () => {
    expect(new Attributes(hex("ffffffff ffff 0000 0500 0100 07 000000"), 6).u8(1)).toBe(7);
  });

  test.each([
    ["a length of 0", "0000 0100"],
    ["a length below the header's", "0300 0100"],
    ["a length beyond the message", "0900 0100 07 000000"],
    ["a second one cut short", "0500 0100 07 000000 0800 0200 01"],
  ])("%s is refused", (_, text) => {
    expect(() => new Attributes(hex(text))).toThrow(RangeError);
  });

  test("too short for what is read from it is refused", () => {
    const short = new Attributes(hex("0600 0100 0102 0000"));
    expect(() => short.u32(1)).toThrow(RangeError);
    expect(() => short.u64(1)).toThrow(RangeError);
    expect(() => new Attributes(hex("0800 0100 03000400")).nested(1)).toThrow(RangeError);
  });
});

describe("whatever the bytes", () => {
  test("what was encoded is decoded", () => {
    const message = fc.record({
      type: fc.nat(0xffff),
      flags: fc.nat(0xffff),
      sequence: fc.nat(0xffffffff),
      body: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        expect(decodeMessages(concat(...messages.map(encodeMessage)))).toEqual(messages);
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.nat(0x3fff).map(String), fc.uint8Array({ maxLength: 20 })),
        (values) => {
          const entries = Object.entries(values).map(
            ([type, value]) => [Number(type), value] as const,
          );
          const attributes = new Attributes(
            concat(...entries.map(([t, v]) => encodeAttribute(t, v))),
          );
          for (const [type, value] of entries) expect(attributes.bytes(type)).toEqual(value);
        },
      ),
    );
  });

  test("a reader ends, with messages or with a RangeError", () => {
    const read = (bytes: Uint8Array): void => {
      for (const { body } of decodeMessages(bytes)) new Attributes(body);
    };
    let refused = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (bytes) => {
        // Small lengths, so that more than the first header is looked at.
        bytes.set([(bytes[0] ?? 0) % 64, 0, 0, 0]);
        try {
          read(bytes);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          refused++;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(1_000);
  });
});
