/** What is to lie under our name, for each state that the runtime's folder may be in. */
import { describe, expect, test } from "bun:test";
import { type Decision, decide, type FolderFile, settingsInForce } from "../../src/chain/decide.ts";
import { sortsBefore } from "../../src/config/conf-names.ts";

const name = "00-fairway-chained.conflist";
const settings = { plugin: { type: "fairway" }, replacesBandwidth: false };

const network = (over: object = {}): string =>
  JSON.stringify({ cniVersion: "1.0.0", name: "cbr0", plugins: [{ type: "bridge" }], ...over });
const file = (fileName: string, text: string): FolderFile => ({ name: fileName, text });
const flannel = file("10-flannel.conflist", network());

const decided = (...files: FolderFile[]): Decision => decide(files, name, settings);

function copyOf(...files: FolderFile[]): string {
  const decision = decided(...files);
  if (decision.want !== "copy") throw new Error(decision.why);
  return decision.text;
}

const typesIn = (text: string): string[] =>
  (JSON.parse(text) as { plugins: { type: string }[] }).plugins.map(({ type }) => type);

describe("a copy", () => {
  test.each([
    ["of the only network", [flannel], "10-flannel.conflist", ["bridge", "fairway"]],
    [
      "of the first by the bytes of names",
      [file("20-b.conflist", network({ plugins: [{ type: "ptp" }] })), flannel],
      "10-flannel.conflist",
      ["bridge", "fairway"],
    ],
    [
      "of a file for one plugin",
      [file("10-x.conf", JSON.stringify({ cniVersion: "0.4.0", name: "x", type: "ptp" }))],
      "10-x.conf",
      ["ptp", "fairway"],
    ],
    [
      "with files beside it that no runtime reads as the first",
      [flannel, file("99-half.conflist", "{")],
      "10-flannel.conflist",
      ["bridge", "fairway"],
    ],
    [
      "that takes the place of what a crash left of one",
      [file(name, ""), flannel],
      "10-flannel.conflist",
      ["bridge", "fairway"],
    ],
    [
      "that takes the place of an older one",
      [file(name, copyOf(file("10-old.conflist", network({ name: "old" })))), flannel],
      "10-flannel.conflist",
      ["bridge", "fairway"],
    ],
    [
      "and not of a copy of ours that somebody moved aside",
      [file("05-moved.conflist", copyOf(flannel)), flannel],
      "10-flannel.conflist",
      ["bridge", "fairway"],
    ],
  ])("%s", (_, files, follows, types) => {
    const decision = decided(...files);
    expect(decision).toMatchObject({ want: "copy", follows });
    if (decision.want === "copy") expect(typesIn(decision.text)).toEqual(types);
  });

  test("has the original's changes: version, name, plugins", () => {
    const changed = network({ cniVersion: "0.3.1", name: "other", plugins: [{ type: "ptp" }] });
    const json = JSON.parse(copyOf(file("10-flannel.conflist", changed))) as object;
    expect(json).toMatchObject({
      cniVersion: "0.3.1",
      name: "other",
      plugins: [{ type: "ptp" }, { type: "fairway" }],
    });
  });

  test("is the same for the same files, so that nothing is written twice", () => {
    const text = copyOf(flannel);
    expect(copyOf(file(name, text), flannel)).toBe(text);
  });

  test("sorts before the original", () => {
    expect(sortsBefore(name, "00-multus.conf")).toBe(true);
    expect(sortsBefore(name, "05-cilium.conflist")).toBe(true);
    expect(sortsBefore("00-aws.conflist", name)).toBe(true);
  });
});

describe("it waits, and what is there stays", () => {
  test.each([
    ["the original is empty", file("10-flannel.conflist", "")],
    ["the original is half written", file("10-flannel.conflist", network().slice(0, 20))],
    ["the original cannot be read", { name: "10-flannel.conflist", fault: "EIO" }],
    ["a list is in a .conf for a moment", file("10-flannel.conf", network())],
  ])("%s", (_, original) => {
    const there = file(name, copyOf(flannel));
    expect(decided(there, original)).toMatchObject({ want: "wait" });
    // The one behind it is not taken in its place.
    const behind = file("20-other.conflist", network());
    expect(decided(there, original, behind)).toMatchObject({ want: "wait" });
  });
});

describe("no copy", () => {
  test.each([
    ["there is no network", [], "no network configuration beside Fairway's"],
    [
      "only our copy is left of it",
      [file(name, copyOf(flannel))],
      "no network configuration beside Fairway's",
    ],
    ["another sorts before ours", [file("00-a.conflist", network())], "00-a.conflist sorts before"],
    [
      "another shaper came into it",
      [file("10-a.conflist", network({ plugins: [{ type: "bridge" }, { type: "bandwidth" }] }))],
      "10-a.conflist: another plugin limits pods, too",
    ],
    [
      "Multus came before it",
      [file("00-multus.conf", network({ type: "multus-shim" })), flannel],
      "it only calls other networks",
    ],
  ])("%s", (_, files, says) => {
    expect(decided(...files)).toMatchObject({
      want: "nothing",
      why: expect.stringContaining(says),
      todo: expect.stringMatching(/./),
    });
  });
});

test("what somebody else put under our name is left alone", () => {
  expect(decided(file(name, network()), flannel)).toMatchObject({
    want: "hands off",
    why: expect.stringContaining("is not the copy that Fairway made"),
  });
});

describe("our plugin in force", () => {
  const tuned = { type: "fairway", defaultTier: "gold" };
  const copy = decide([flannel], name, { ...settings, plugin: tuned });
  const text = copy.want === "copy" ? copy.text : "";

  test.each([
    ["is that of the copy", [file(name, text), flannel], tuned],
    ["is the recorded one without a copy", [flannel], settings.plugin],
    ["is the recorded one where the copy is broken", [file(name, ""), flannel], settings.plugin],
    ["is none of another's file", [file(name, network()), flannel], settings.plugin],
    ["is none of a copy aside", [file("05-moved.conflist", text), flannel], settings.plugin],
  ])("%s", (_, files, plugin) => {
    expect(settingsInForce(files, name, settings)).toEqual({ ...settings, plugin });
  });
});
