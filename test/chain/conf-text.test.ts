import { expect, test } from "bun:test";
import { readNetwork } from "../../src/chain/conf-text.ts";

const list = { cniVersion: "1.0.0", name: "cbr0", plugins: [{ type: "flannel" }] };
const json = (value: unknown): string => JSON.stringify(value);

test("a list, with keys that nobody knows", () => {
  const read = readNetwork("10-a.conflist", json({ ...list, x: 1 }));
  expect(read).toEqual({
    list: {
      name: "cbr0",
      json: { ...list, x: 1 },
      plugins: [{ type: "flannel" }],
      isSingle: false,
    },
  });
});

test.each(["10-a.conf", "10-a.json"])(
  "one plugin in %s becomes a list, as libcni makes it",
  (name) => {
    const plugin = { cniVersion: "0.4.0", name: "mynet", type: "bridge", bridge: "cni0" };
    expect(readNetwork(name, json(plugin))).toEqual({
      list: {
        name: "mynet",
        json: { cniVersion: "0.4.0", name: "mynet", plugins: [plugin] },
        plugins: [plugin],
        isSingle: true,
      },
    });
  },
);

test.each([
  ["empty, as after a power loss", "a.conflist", "", "it is empty"],
  ["spaces", "a.conflist", " \n", "it is empty"],
  ["half a file", "a.conflist", json(list).slice(0, 30), "or only a part of it"],
  ["an array", "a.conflist", "[]", "no JSON object"],
  ["null", "a.conf", "null", "no JSON object"],
  ["without a name", "a.conflist", json({ ...list, name: undefined }), "has no name"],
  ["with a number for a version", "a.conflist", json({ ...list, cniVersion: 1 }), "cniVersion"],
  ["without plugins", "a.conflist", json({ ...list, plugins: [] }), "lists no plugin"],
  ["with plugins that are none", "a.conflist", json({ ...list, plugins: {} }), "lists no plugin"],
  ["a plugin without a type", "a.conflist", json({ ...list, plugins: [{}] }), "0 have a type"],
  ["one plugin in a .conflist", "a.conflist", json({ name: "a", type: "ptp" }), "lists no plugin"],
  ["a list in a .conf", "a.conf", json(list), "only .conflist is read as a list"],
  ["neither in a .json", "a.json", json({ name: "a" }), "it names no plugin"],
])("%s: no runtime takes it", (_, name, text, says) => {
  expect(readNetwork(name, text)).toEqual({ fault: expect.stringContaining(says) });
});
