import { describe, expect, test } from "bun:test";
import { answerVersion, parseConfig, readRequest } from "../../src/cni/request.ts";
import { refusal } from "../support/refusal.ts";

const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;

describe("a configuration that is none", () => {
  const rows: [string, string, RegExp][] = [
    ["nothing", "", /^no configuration on stdin$/],
    ["white space", " \n\t", /^no configuration on stdin$/],
    ["no JSON", "{name: pods}", /not JSON/],
    ["half of one", '{"name": "pods"', /not JSON/],
    ["two of them", "{}{}", /not JSON/],
    ["a NUL after it", "{}\0", /not JSON/],
    ["a NUL in it", '{"a": "\0"}', /not JSON/],
    ["a byte order mark", "\ufeff{}", /not JSON/],
    ["null", "null", /is null, not a JSON object/],
    ["an array", "[{}]", /is an array, not a JSON object/],
    ["a number", "1", /is a number, not a JSON object/],
    ["a string", '"pods"', /is a string, not a JSON object/],
    ["deep", nested(5000), /nested more than 1000 deep/],
    ["deep and not closed", `{"a":${"[".repeat(1_000_000)}`, /not JSON/],
    ["very deep", nested(1_000_000), /nested more than 1000 deep/],
  ];
  test.each(rows)("%s", (_, text, words) => {
    const error = refusal(() => parseConfig(text));
    expect(error.code).toBe(6);
    expect(error.message).toMatch(words);
    expect(error.message.length).toBeLessThan(300);
  });
});

test("a configuration may be as deep as the limit, and long", () => {
  expect(parseConfig(nested(999))).toHaveProperty("a");
  const long = parseConfig(JSON.stringify({ pad: "x".repeat(9_000_000) }));
  expect(long.pad).toHaveLength(9_000_000);
});

test("a request is the environment and the configuration", () => {
  const env = {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "c1",
    CNI_NETNS: "/run/netns/c1",
    CNI_IFNAME: "eth0",
  };
  expect(readRequest(env, '{"name": "pods"}')).toEqual({
    verb: "ADD",
    containerId: "c1",
    netns: "/run/netns/c1",
    ifname: "eth0",
    args: {},
    path: [],
    netnsOverride: false,
    config: { name: "pods" },
    stdin: '{"name": "pods"}',
  });
  expect(readRequest({ CNI_COMMAND: "GC" }, "{}")).toEqual({
    verb: "GC",
    path: [],
    config: {},
    stdin: "{}",
  });
});

test("the environment is at fault before the configuration", () => {
  expect(refusal(() => readRequest({ CNI_COMMAND: "ADD" }, "")).code).toBe(4);
  expect(refusal(() => readRequest({ CNI_COMMAND: "STATUS" }, "")).code).toBe(6);
});

describe("the version to answer in", () => {
  // VERSION repeats what it was asked in, whatever we know of it.
  const rows: [string, string, string, string?][] = [
    ["named", '{"cniVersion":"0.4.0"}', "0.4.0"],
    ["absent", "{}", "1.1.0"],
    ["unknown", '{"cniVersion":"9.9.9"}', "1.1.0", "9.9.9"],
    ["no version", '{"cniVersion":"newest"}', "1.1.0"],
    ["no text", '{"cniVersion":1}', "1.1.0"],
    ["no JSON", "{", "1.1.0"],
    ["nothing", "", "1.1.0"],
  ];
  test.each(rows)("%s", (_, stdin, version, repeated = version) => {
    expect(answerVersion(stdin)).toBe(version as "1.1.0");
    expect(readRequest({ CNI_COMMAND: "VERSION" }, stdin)).toEqual({
      verb: "VERSION",
      cniVersion: repeated,
    });
  });
});
