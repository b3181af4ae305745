import { describe, expect, test } from "bun:test";
import { nearest, suggestion } from "../../src/config/suggest.ts";

const known = ["bridge", "mtu", "ipMasq", "egressGuarantee", "ingressGuarantee", "dataDir"];

describe("did you mean", () => {
  test.each([
    ["brige", "bridge"],
    ["MTU", "mtu"],
    ["mut", "mtu"],
    ["ipmasq", "ipMasq"],
    ["egressGuarante", "egressGuarantee"],
    ["ingresGuarantee", "ingressGuarantee"],
    ["datadir", "dataDir"],
    ["colour", null],
    ["", null],
    ["x".repeat(100_000), null],
  ])("%p", (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });

  test("names the nearest and all that are known", () => {
    expect(suggestion("brige", ["bridge", "mtu"])).toBe(
      'Did you mean "bridge"? Known: bridge, mtu.',
    );
    expect(suggestion("colour", ["bridge", "mtu"])).toBe("Known: bridge, mtu.");
    expect(suggestion("colour", [])).toBe("There are none.");
  });
});
